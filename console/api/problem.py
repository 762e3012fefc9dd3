"""Errors as everybody sees them: RFC 9457 problem+json with a stable `code`, whatever went wrong.

`type` is `about:blank` and `title` the status in words, as the RFC has it for problems that are named elsewhere: here
by `code`, which never changes its meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from console.entry import EntryState
from console.feed import AfterBeyondEnd, TooManyListeners
from console.history import HistoryAway
from console.incident import IncidentRecord
from console.tap import EngineAway
from console.wire import Refused, TooLong

MEDIA_TYPE = "application/problem+json"
RETRY_S = "1"
"""For `Retry-After`: whatever is away is started again within seconds."""

VALUES = (
    *("no_such_person", "no_such_reason", "no_such_department", "no_progress", "empty"),
    *("half_character", "control_character", "not_one_line", "too_long", "wrong_kind", "bad_text"),
    *("bad_count", "bad_grade", "bad_name", "bad_number", "bad_id", "bad_position", "bad_datum", "bad_result"),
    *("bad_deadline", "unknown_field", "unknown_type", "retired_type", "unknown_form", "unknown_mark"),
)
"""Codes of what was said and can't be so, whatever stands in the database."""
_REFUSED = {
    "bad_request": HTTPStatus.BAD_REQUEST,
    **dict.fromkeys(("no_such_seat", "no_such_incident", "no_such_order", "no_such_call"), HTTPStatus.NOT_FOUND),
    **dict.fromkeys(VALUES, HTTPStatus.UNPROCESSABLE_ENTITY),
    "wrong_pin": HTTPStatus.FORBIDDEN,
    "locked": HTTPStatus.FORBIDDEN,
    "not_ready": HTTPStatus.SERVICE_UNAVAILABLE,
    "not_written_down": HTTPStatus.SERVICE_UNAVAILABLE,
    "journal_trouble": HTTPStatus.SERVICE_UNAVAILABLE,
    "too_many": HTTPStatus.SERVICE_UNAVAILABLE,
    "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""What the engine's refusals are over HTTP; others are conflicts with what is so now."""

Responses = dict[int | str, dict[str, Any]]
"""What a route may answer, as FastAPI wants it."""

BAD_BODY = (HTTPStatus.BAD_REQUEST, "`bad_request`: the body cannot be read")
UNAUTHORIZED = (HTTPStatus.UNAUTHORIZED, "`unauthorized`: no token, or one that is no role's")
INVALID = (HTTPStatus.UNPROCESSABLE_ENTITY, "`invalid`: a parameter is not as it must be")
INTERNAL = (HTTPStatus.INTERNAL_SERVER_ERROR, "`internal`: our mistake")
JOURNAL_AWAY = (HTTPStatus.SERVICE_UNAVAILABLE, "`journal_trouble`: the journal cannot be read now")
NOT_HEARD = (HTTPStatus.SERVICE_UNAVAILABLE, "`engine_away`: it has not been heard yet")
"""Problems that many routes may answer, for `problems`."""


class Reason(BaseModel):
    """One thing that is wrong."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    code: str
    """Stable."""
    because: str
    """In words."""
    where: str | None = None
    """Which part of the request, such as `body.person`."""


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str = "about:blank"
    title: str
    """The status in words."""
    status: int
    code: str
    """Stable: what a program looks at."""
    detail: str
    """What a person reads."""
    reasons: list[Reason] | None = None
    """Everything that is wrong, where it can be several things."""
    incident: IncidentRecord | None = None
    """With `incident_changed`: the record as it is now."""
    since: list[EntryState] | None = None
    """With `incident_changed`: what was done with it after the version that was named."""


class ProblemError(HTTPException):
    """Ends a request with a problem, wherever in it it is raised."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        reasons: Iterable[Reason] = (),
        headers: Mapping[str, str] | None = None,
        incident: IncidentRecord | None = None,
        since: Iterable[EntryState] | None = None,
    ) -> None:
        super().__init__(status.value, detail)
        self.problem = Problem(
            title=status.phrase,
            status=status.value,
            code=code,
            detail=detail,
            reasons=list(reasons) or None,
            incident=incident,
            since=None if since is None else list(since),
        )
        retry = {"Retry-After": RETRY_S} if status is HTTPStatus.SERVICE_UNAVAILABLE else {}
        self.headers = retry | dict(headers or {})

    def response(self) -> JSONResponse:
        """As it goes out."""
        told = self.problem.model_dump(mode="json", exclude={"reasons"})
        content = {name: value for name, value in told.items() if value is not None}
        if self.problem.reasons:
            content["reasons"] = [each.model_dump(exclude_none=True) for each in self.problem.reasons]
        return JSONResponse(content, self.problem.status, self.headers, media_type=MEDIA_TYPE)


def problem_of(error: Exception) -> ProblemError:
    """What any error is over HTTP. What is not known here is a bug, and nothing of it is shown."""
    match error:
        case ProblemError():
            return error
        case Refused(code=code, because=because):
            return ProblemError(_REFUSED.get(code, HTTPStatus.CONFLICT), code, because)
        case EngineAway() | HistoryAway() | TooManyListeners():
            return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, error.code, str(error))
        case AfterBeyondEnd() | TooLong():
            return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, error.code, str(error))
        case RequestValidationError() | WebSocketRequestValidationError():
            reasons = list(map(_reason, error.errors()))
            told = "; ".join(f"{each.where}: {each.because}" for each in reasons)
            return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", told, reasons=reasons)
        case HTTPException():
            return _of_status(error)
        case _:
            return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "this is our mistake; the log says why")


def _reason(error: Mapping[str, Any]) -> Reason:
    # Without the value: it may be a PIN.
    return Reason(code=str(error["type"]), because=str(error["msg"]), where=".".join(map(str, error["loc"])))


def _of_status(error: HTTPException) -> ProblemError:
    """An error of the framework's own."""
    status = HTTPStatus(error.status_code)
    code = "no_such_path" if status is HTTPStatus.NOT_FOUND else status.name.lower()
    detail = error.detail if error.detail != status.phrase else status.description
    return ProblemError(status, code, str(detail), headers=error.headers)


async def _handle(connection: Request | WebSocket, error: Exception) -> JSONResponse | None:
    problem = problem_of(error)
    if isinstance(connection, WebSocket):
        # Before the hand-shake: afterwards a feed ends with a close code, and raises nothing.
        await connection.send_denial_response(problem.response())
        return None
    return problem.response()


def handle_problems(app: FastAPI) -> None:
    """Whatever goes wrong in this application becomes a problem."""
    for kind in (
        ProblemError,
        Refused,
        TooLong,
        EngineAway,
        HistoryAway,
        AfterBeyondEnd,
        TooManyListeners,
        RequestValidationError,
        WebSocketRequestValidationError,
        HTTPException,
        Exception,
    ):
        app.add_exception_handler(kind, _handle)  # type: ignore[arg-type]


def problems(*described: tuple[HTTPStatus, str]) -> Responses:
    """For `responses` of a route: which problems it may answer, each with its codes in words."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status.value: {"description": text, "content": {MEDIA_TYPE: {"schema": schema}}} for status, text in described
    }
