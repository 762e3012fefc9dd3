"""Facts about incidents as entries of the journal, and back. Pure.

`body` has `what` (the fact's class), `version`, `by`, and for whoever only reads the feed `number` and `state` of the
record with this fact. What says something about a person is in `personal`; of a fact whose personal data were erased
the rest is read, and the record that it makes lacks them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from typing import Any

from intake.incident import fact
from intake.incident.content import PERSONAL
from intake.incident.fact import KINDS, LinkedCall, Told
from intake.incident.incident import Incident
from intake.incident.kind import Relationship, Result, Side
from intake.incident.request import ASKED
from intake.incident.who import Who
from journal import Draft, Fact
from journal.canonical import Json
from journal.instant import from_text, to_text

_KINDS = {each.__name__: each for each in KINDS}
_COMMON = frozenset(each.name for each in fields(Told))
_CONTENT = ("content", "before", "after")
"""Fields whose values are fields of the record themselves: split by what is personal."""
_SUBJECTS = ("call", "department", "unit")


def draft_of(told: Told, after: Incident, id: str, asked: str = "") -> Draft:
    """The entry of one fact that made this record; `asked` is the digest of the request it is for. Raises BadFact."""
    who = told.who
    subjects = {"incident": told.incident}
    body: dict[str, Json] = {"what": type(told).__name__, "version": told.version, "by": who.id}
    body |= {"number": after.number, "state": after.state.value}
    if who.person:
        subjects["person"] = who.id
    if who.seat is not None:
        subjects["seat"] = who.seat
    personal: dict[str, Json] = {ASKED: asked} if asked else {}
    for each in fields(told):
        name, value = each.name, getattr(told, each.name)
        if name in _COMMON or value == "":
            continue
        if name in _SUBJECTS:
            subjects[name] = value
        elif name in _CONTENT:
            body[name] = {key: one for key, one in value.items() if key not in PERSONAL}
            personal |= {name: hidden} if (hidden := {k: one for k, one in value.items() if k in PERSONAL}) else {}
        elif name == "calls":
            body[name] = [{"call": one.call, "at": to_text(one.at), "by": one.by} for one in value]
            personal |= (
                {"callers": callers} if (callers := {one.call: one.caller for one in value if one.caller}) else {}
            )
        elif name in told.hidden:
            personal[name] = value
        elif name not in ("number",):
            body[name] = _plain(value)
    return Draft.of(told.type, told.at, subjects=subjects, body=body, personal=personal or None, id=id)


def read(entry: Fact) -> Told | None:
    """The fact that an entry tells; None if it is none of an incident's record."""
    kind = _KINDS.get(str(entry.body.get("what")))
    if kind is None or "incident" not in entry.subjects or entry.type != kind.type:
        return None
    body, personal = entry.body, entry.personal or {}
    made: dict[str, Any] = {}
    for each in fields(kind):
        name = each.name
        if name in _CONTENT:
            made[name] = {**body[name], **personal.get(name, {})}
        elif name == "calls":
            made[name] = tuple(_call(one, personal.get("callers", {})) for one in body[name])
        elif name not in _COMMON:
            told = (entry.subjects, personal, body)
            found = next((part[name] for part in told if name in part), None)
            if found is not None:
                made[name] = _READ.get(name, _as_it_is)(found)
    subjects = entry.subjects
    who = Who(body["by"], person="person" in subjects, seat=subjects.get("seat"))
    return kind(incident=subjects["incident"], version=body["version"], who=who, at=entry.time, **made)


def _call(plain: Mapping[str, Any], callers: Mapping[str, str]) -> LinkedCall:
    return LinkedCall(plain["call"], from_text(plain["at"]), plain["by"], callers.get(plain["call"], ""))


def _as_it_is(value: Any) -> Any:
    return value


_READ = {"relationship": Relationship, "result": Result, "side": Side, "moved": tuple}


def _plain(value: object) -> Json:
    match value:
        case Enum():
            return str(value.value)
        case tuple():
            return [_plain(each) for each in value]
        case str() | int():
            return value
        case _:
            raise TypeError(f"no value of a fact: {value!r}")


__all__ = ["draft_of", "fact", "read"]
