"""Deeds on incidents as the local socket says them: a word, and the fields of `intake.incident.deed` in JSON forms."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from console.wire import Refused
from intake.incident import (
    Amend,
    Cancel,
    Close,
    Create,
    DayNumber,
    Deed,
    LinkCall,
    LinkIncident,
    Merge,
    Note,
    Relationship,
    Reopen,
    Result,
    Split,
    Submit,
    UnlinkCall,
    UnlinkIncident,
    Unmerge,
)
from journal import new_id

DEEDS: Mapping[str, type[Deed]] = {
    "create": Create,
    "amend": Amend,
    "submit": Submit,
    "merge": Merge,
    "unmerge": Unmerge,
    "split": Split,
    "link-call": LinkCall,
    "unlink-call": UnlinkCall,
    "link-incident": LinkIncident,
    "unlink-incident": UnlinkIncident,
    "close": Close,
    "cancel": Cancel,
    "reopen": Reopen,
    "note": Note,
}
"""What people may do; the rest is said by dispatch and retention."""

_NEW: Mapping[type[Deed], str] = {Create: "incident", Split: "new"}
"""The field that names the record which such a deed begins."""
_ID = re.compile(r"[A-Za-z0-9-]{1,48}", re.ASCII)
"""Of a new record: it becomes a part of the names of channels and folders of recordings. A number by day is none, for
that is how another record is named."""
_NAMESPACE = uuid.UUID("6f1d6ac0-3d5b-5a0c-9a54-1d8e6a1c1f35")


def deed_of(name: str, args: Mapping[str, Any], key: str | None = None) -> Deed:
    """The deed; a new record whose id was not said gets one, the same for the same key. Raises Refused."""
    kind = DEEDS.get(name)
    if kind is None:
        raise Refused("bad_request", f"there is no deed {name[:40]!r}: {', '.join(DEEDS)}")
    said = {**args}
    new = _NEW.get(kind)
    if new is not None:
        said[new] = _new_id(said.get(new), key)
    known = {each.name: each for each in fields(kind)}
    if unknown := sorted(set(said) - set(known)):
        raise Refused("bad_request", f"{name}: nothing is called {', '.join(unknown)[:100]}")
    made: dict[str, Any] = {}
    for field, each in known.items():
        if field in said:
            made[field] = _READ[field](field, said[field])
        elif each.default is MISSING and each.default_factory is MISSING:
            raise Refused("bad_request", f"{name}: {field} is missing")
    return kind(**made)


def _new_id(said: object, key: str | None) -> str:
    if said is None:
        return new_id() if key is None else uuid.uuid5(_NAMESPACE, key).hex
    if isinstance(said, str) and _ID.fullmatch(said) and DayNumber.read(said) is None:
        return said
    raise Refused("bad_id", "a new record's id is 1 to 48 letters, digits and dashes, and no number by day")


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise Refused("bad_request", f"{field}: text is wanted")
    return value


def _text_or_none(field: str, value: object) -> str | None:
    return None if value is None else _text(field, value)


def _version(field: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused("bad_request", f"{field}: a whole number is wanted")
    return value


def _changes(field: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Refused("bad_request", f"{field}: fields and their values are wanted")
    return value


def _texts(field: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Refused("bad_request", f"{field}: a list is wanted")
    return tuple(_text(field, each) for each in value)


def _result(field: str, value: object) -> Result:
    if not isinstance(value, str) or value not in list(Result):
        raise Refused("bad_result", f"{field}: one of {', '.join(Result)}")
    return Result(value)


def _relationship(field: str, value: object) -> Relationship:
    if not isinstance(value, str) or value not in list(Relationship):
        raise Refused("bad_request", f"{field}: one of {', '.join(Relationship)}")
    return Relationship(value)


_READ: Mapping[str, Callable[[str, object], object]] = {
    **dict.fromkeys(("incident", "call", "caller", "other", "into", "new", "words"), _text),
    "call": _text_or_none,
    "version": _version,
    "changes": _changes,
    "calls": _texts,
    "result": _result,
    "relationship": _relationship,
}
