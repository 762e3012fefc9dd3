"""Facts of the core as entries of the journal. Pure.

Ids are made of what Asterisk itself named, so that whoever writes a fact (the engine that saw it, or the catch-up that
read of it afterwards) writes the same one, and the journal keeps it once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from enum import Enum

from intake import fact
from journal import Draft
from journal.canonical import Json

WRONG_PIN = "WrongPin"
"""Somebody tried to sign in with a PIN that is not the person's."""

LOCATED = "CallLocated"
"""More is known of where a caller is. NENA i3 has names for queries to servers only."""

TYPES = frozenset({"Repaired", "Discrepancy", WRONG_PIN, LOCATED})
"""Names of facts that NENA i3 has none for."""

_SUBJECTS = ("call", "seat", "person")
_PERSONAL = ("caller",)
"""Whose number it is: what retention erases."""


def start_id(call: str) -> str:
    """Of the fact that a call began."""
    return f"{call}:start"


def answered_id(call: str, channel: str) -> str:
    """Of the fact that a call was joined with a seat's channel; `channel` is that channel's unique id."""
    return f"{call}:answered:{channel}"


def end_id(call: str) -> str:
    """Of the fact that a call is over."""
    return f"{call}:end"


def draft_of(
    told: fact.Witnessed | fact.Decided,
    at: datetime,
    *,
    id: str | None = None,
    more: Mapping[str, Json] | None = None,
) -> Draft:
    """The entry of one fact that happened at this time; `more` goes into its body. Raises BadFact."""
    subjects: dict[str, str] = {}
    personal: dict[str, Json] = {}
    body: dict[str, Json] = {"what": type(told).__name__}
    for field in fields(told):
        value = getattr(told, field.name)
        if value is None or value == "":
            continue
        if field.name in _SUBJECTS:
            subjects[field.name] = value
        elif field.name in _PERSONAL:
            personal[field.name] = value
        else:
            body[field.name] = _plain(value)
    return Draft.of(
        told.nena or type(told).__name__,
        at,
        subjects=subjects,
        body=body | dict(more or {}),
        personal=personal or None,
        id=id,
    )


def _plain(value: object) -> Json:
    match value:
        case Enum():
            return str(value.value)
        case float():
            return round(value, 3)  # seconds: nobody measures a telephone call finer than a millisecond
        case tuple():
            return [_plain(each) for each in value]
        case bool() | int() | str():
            return value
        case _:
            raise TypeError(f"no value of a fact: {value!r}")
