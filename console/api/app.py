"""The application: all routes, all problems as problems, and the OpenAPI file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from console.api import (
    callers,
    calls,
    centre,
    deeds,
    facts,
    feed,
    health,
    incidents,
    metrics,
    orders,
    pages,
    recordings,
    seats,
)
from console.api.body import BodyLimit
from console.api.keeping import NothingKept
from console.api.problem import Problem, handle_problems
from console.api.sources import Sources
from console.api.telling import DESCRIPTION, TAGS
from console.message import AnyMessage

_ROUTERS = (
    calls.router,
    callers.router,
    seats.router,
    incidents.router,
    deeds.router,
    orders.router,
    orders.by_hand,
    recordings.router,
    centre.router,
    facts.router,
    feed.router,
    health.router,
    metrics.router,
    pages.router,
)
"""In the order in which the documentation shows them."""
_REF = "#/components/schemas/{model}"
_MORE: Mapping[str, TypeAdapter[Any]] = {"Problem": TypeAdapter(Problem), "FeedMessage": TypeAdapter(AnyMessage)}
"""Schemas that no route names by itself."""


def make_app(sources: Sources, *, version: str) -> FastAPI:
    """The HTTP interface on these sources."""
    app = FastAPI(
        title="Liandong",
        version=version,
        summary="One emergency number for a whole city",
        description=DESCRIPTION,
        openapi_tags=TAGS,
        openapi_url="/api/openapi.json",
        # FastAPI's pages would load scripts from elsewhere; a centre may have no way out. Ours are in `pages`.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Off whatever else is installed or set in the environment: bodies hold PINs, answers hold callers' numbers.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        generate_unique_id_function=_name,
    )
    app.state.sources = sources
    for router in _ROUTERS:
        app.include_router(router)
    handle_problems(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(NothingKept)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _name(route: APIRoute) -> str:
    return route.name


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's, with what the problems and the feed's messages look like."""
    if app.openapi_schema is None:
        told = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            tags=app.openapi_tags,
            routes=app.routes,
        )
        schemas = told["components"]["schemas"]
        for name, adapter in _MORE.items():
            schema = adapter.json_schema(ref_template=_REF, mode="serialization")
            schemas |= schema.pop("$defs", {}) | {name: schema}
        for methods in told["paths"].values():
            for operation in methods.values():
                for parameter in operation.get("parameters", ()):
                    parameter["schema"] = _said(parameter["schema"])
        app.openapi_schema = told
    return app.openapi_schema


def _said(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is left out or said; it is never null, which is what its default is."""
    choices: list[dict[str, Any]] = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(choices) != 1:
        return schema
    return {name: each for name, each in schema.items() if name != "anyOf"} | choices[0]
