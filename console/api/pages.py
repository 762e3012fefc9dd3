"""Two pages for people: where this is, and the documentation of the interface. They ask no other machine anything."""

from __future__ import annotations

import importlib.util
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse

from console.api.problem import ProblemError

OURS = Path(__file__).parent / "static"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""`data:` for the pictures in Swagger UI's own style sheet."""
_SAFE = {"Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".html": "text/html"}
_AGE = {"Cache-Control": "max-age=600"}

router = APIRouter(include_in_schema=False)


def _swagger() -> Path:
    """Where fastapi-offline keeps Swagger UI. It is not imported: of that package we need its files alone."""
    found = importlib.util.find_spec("fastapi_offline")
    assert found is not None and found.origin is not None  # it is in install_requires
    return Path(found.origin).parent / "static"


_FILES = {
    **{name: OURS / name for name in ("page.css", "docs.js", "icon.svg")},
    **{name: _swagger() / name for name in ("swagger-ui.css", "swagger-ui-bundle.js")},
}


@router.get("/")
async def front() -> FileResponse:
    """What this is, and where to go."""
    return _file(OURS / "index.html", {})


@router.get("/api/docs")
async def docs() -> FileResponse:
    """The documentation, to be read and tried."""
    return _file(OURS / "docs.html", {})


@router.get("/api/docs/{name}")
async def docs_file(name: str) -> FileResponse:
    """What the pages are made of."""
    path = _FILES.get(name)
    if path is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "no_such_path", "there is no such file")
    return _file(path, _AGE)


def _file(path: Path, headers: dict[str, str]) -> FileResponse:
    return FileResponse(path, media_type=_KINDS[path.suffix], headers=_SAFE | headers)
