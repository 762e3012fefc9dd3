"""Who listened to what: a fact on disk before a recording, or the list of them, is given out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from console.wire import Refused
from intake.incident import Who
from journal import Draft

LISTED, PLAYED = "RecordingsListed", "RecordingPlayed"
TYPES = frozenset({LISTED, PLAYED})

_NAMES = {"recordings-listed": LISTED, "recording-played": PLAYED}
_MOST_SIGNS = 200  # of one value of a query


def audit_draft(what: str, call: str | None, query: Mapping[str, object], who: Who, at: datetime) -> Draft:
    """The entry. What was asked for may name a person's number, so it can be erased. Raises Refused, BadFact."""
    name = _NAMES.get(what)
    if name is None:
        raise Refused("bad_request", f"what is audited is {' or '.join(_NAMES)}")
    if name == PLAYED and call is None:
        raise Refused("bad_request", "which call's recording?")
    subjects = {"call": call} if call is not None else {}
    subjects |= {"person": who.id} if who.person else {}
    subjects |= {"seat": who.seat} if who.seat is not None else {}
    asked = {str(key)[:40]: str(value)[:_MOST_SIGNS] for key, value in list(query.items())[:20] if value is not None}
    personal = {"query": dict(asked)} if asked else None
    return Draft.of(name, at, subjects=subjects, body={"what": name, "by": who.id}, personal=personal)
