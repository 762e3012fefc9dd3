"""A desk that does what call-takers do by the HTTP interface, over one connection that stays."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

WITHIN_S = 30.0
SURELY_S = 120.0
_AGAIN_S = 0.1
_LATER = (429, 503)


class DeskError(OSError):
    """The interface does not do what is asked."""

    code = "bench-desk"


@dataclass(frozen=True)
class Submitted:
    """An incident that was handed over."""

    id: str
    sent: int
    """When the submission was sent, ns since the epoch."""
    answered: int
    orders: tuple[str, ...]
    tries: int
    """How often it was sent."""


class Desk:
    """One connection; not for two threads at once."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> Any:
        """Ask once. Raises OSError; DeskError with what was answered if it was refused."""
        status, answer = self._once(method, path, body, key)
        if status >= 400:
            raise DeskError(f"{method} {path}: {status} {answer}")
        return answer

    def surely(self, method: str, path: str, body: object = None) -> tuple[Any, int]:
        """Ask until it is answered, always with one key, so that it is done once; how often it was asked, too."""
        key, deadline = uuid.uuid4().hex, time.monotonic() + SURELY_S
        tries = 0
        while True:
            tries += 1
            try:
                status, answer = self._once(method, path, body, key)
            except (OSError, http.client.HTTPException) as error:
                status, answer = 503, str(error)
            if status < 400:
                return answer, tries
            if status not in _LATER or time.monotonic() > deadline:
                raise DeskError(f"{method} {path}: {status} {answer}")
            time.sleep(_AGAIN_S)

    def draft(self, type: str, place: str, summary: str) -> tuple[str, int]:
        """Begin a record; its id and version."""
        changes = {"type": type, "place": place, "summary": summary}
        answer, _ = self.surely("POST", "/api/v1/incidents", {"changes": changes})
        return answer["incident"]["id"], answer["incident"]["version"]

    def submit(self, draft: tuple[str, int]) -> Submitted:
        """Hand it over."""
        id, version = draft
        sent = time.time_ns()
        answer, tries = self.surely("POST", f"/api/v1/incidents/{id}/submit", {"version": version})
        return Submitted(id, sent, time.time_ns(), tuple(answer["orders"]), tries)

    def order(self, incident: str, department: str, text: str, deadline_s: int) -> Any:
        """Order a department by hand; the order's record."""
        body = {"department": department, "text": text, "deadline_s": deadline_s}
        answer, _ = self.surely("POST", f"/api/v1/incidents/{incident}/orders", body)
        return answer

    def facts(self, after: int = 0) -> list[Any]:
        """All facts of the journal after a sequence."""
        found: list[Any] = []
        while True:
            answer, _ = self.surely("GET", f"/api/v1/facts?after={after}&limit=500")
            if not answer["facts"]:
                return found
            found += answer["facts"]
            after = found[-1]["sequence"]

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _once(self, method: str, path: str, body: object, key: str | None) -> tuple[int, Any]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=WITHIN_S)
        headers = {"Authorization": f"Bearer {self._token}"}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        headers |= {"Idempotency-Key": key} if key is not None and method != "GET" else {}
        try:
            data = None if body is None else json.dumps(body).encode()
            self._connection.request(method, path, data, headers)
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except BaseException:
            self.close()
            raise
