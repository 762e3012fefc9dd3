"""What the record says about the event: the fields that people fill in, and may amend as long as it is open.

`PERSONAL` names those that say something about a person or where a person is. They go into the part of facts that can
be erased, and into columns that can be emptied; all others stay for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from intake.incident.error import BadValue
from intake.incident.kind import EventClass, Grade
from intake.incident.spot import Spot
from intake.incident.text import id_, line, name, paragraph
from journal.canonical import Json

_NUMBER = re.compile(r"\+?[0-9]{1,20}", re.ASCII)
MOST_PEOPLE = 1_000_000
MOST_SUMMARY = 4_000
"""Characters: before and after, in UTF-8 of up to four bytes, still fit one fact."""
MOST_PLACE = 500
MOST_NAME = 100
MOST_CALLBACK = 60
MOST_MARKS = 40
"""Hazards, flags or areas of one incident."""


@dataclass(frozen=True, slots=True)
class Content:
    """The fields. Empty text, None or an empty list: not known yet."""

    called: str = ""
    """The number that was dialled; empty: nobody dialled one."""
    form: str = ""
    """Service id of that number: it selects the form."""
    type: str = ""
    """Type id of the centre's own list."""
    event_class: EventClass | None = None
    """The type's class as it was when the type was chosen; nobody fills it in."""
    grade: Grade | None = None
    """How grave."""
    injured: int | None = None
    trapped: int | None = None
    involved: int | None = None
    """People, those injured or trapped included."""
    hazards: tuple[str, ...] = ()
    """Ids of the centre's list."""
    flags: tuple[str, ...] = ()
    """Ids of the centre's list."""
    areas: tuple[str, ...] = ()
    """Ids of the jurisdictions in which it lies."""
    reporter: str = ""
    """The reporter's name, as he gave it."""
    callback: str = ""
    """The number under which he can be reached, as it was said."""
    place: str = ""
    """Where, in words."""
    spot: Spot | None = None
    """Where, on the map."""
    summary: str = ""
    """What happened, in words."""

    def changed(self, changes: Mapping[str, object]) -> Content:
        """With these fields instead, checked one by one, JSON forms allowed. Raises BadValue."""
        made: dict[str, Any] = {}
        for field, value in changes.items():
            if field not in _CHECKS:
                raise BadValue("unknown_field", str(field), f"there is {', '.join(_CHECKS)}")
            made[field] = _CHECKS[field](field, value)
        return replace(self, **made)

    def plain(self, only: Iterable[str] = ()) -> dict[str, Json]:
        """As JSON has it: these fields, or all that are filled in."""
        names = tuple(only) or tuple(each for each in NAMES if getattr(self, each) != getattr(_NOTHING, each))
        return {each: _plain(getattr(self, each)) for each in names}

    def told(self, plain: Mapping[str, Any]) -> Content:
        """With these fields instead, in JSON forms that `plain` wrote; for who reads facts and rows."""
        return replace(self, **{field: _read(field, value) for field, value in plain.items() if field in NAMES})

    def differs(self, other: Content) -> tuple[str, ...]:
        """Names of the fields in which the other is different."""
        return tuple(each for each in NAMES if getattr(self, each) != getattr(other, each))

    def erased(self) -> Content:
        """Without what it says about persons."""
        return replace(self, **{each: getattr(_NOTHING, each) for each in PERSONAL})


def _people(field: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_PEOPLE:
        raise BadValue("bad_count", field, f"a whole number from 0 to {MOST_PEOPLE} is wanted, or nothing")
    return value


def _dialled(field: str, value: object) -> str:
    if value in ("", None):
        return ""
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise BadValue("bad_number", field, "1 to 20 digits, with or without a + before them")
    return value


def _grade(field: str, value: object) -> Grade | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or value not in list(Grade):
        raise BadValue("bad_grade", field, "I, II, III or IV is wanted")
    return Grade(value)


def _many(each: Callable[[str, object], str]) -> Callable[[str, object], tuple[str, ...]]:
    def check(field: str, value: object) -> tuple[str, ...]:
        if isinstance(value, str) or not isinstance(value, list | tuple) or len(value) > MOST_MARKS:
            raise BadValue("wrong_kind", field, f"a list of at most {MOST_MARKS} ids is wanted")
        found = tuple(dict.fromkeys(each(field, one) for one in value))
        if "" in found:
            raise BadValue("bad_name", field, "an id must not be empty")
        return found

    return check


def _text(check: Callable[[str, object, int], str], most: int) -> Callable[[str, object], str]:
    return lambda field, value: check(field, "" if value is None else value, most)


_CHECKS: Mapping[str, Callable[[str, object], object]] = {
    "called": _dialled,
    "form": name,
    "type": name,
    "grade": _grade,
    "injured": _people,
    "trapped": _people,
    "involved": _people,
    "hazards": _many(name),
    "flags": _many(name),
    "areas": _many(id_),
    "reporter": _text(line, MOST_NAME),
    "callback": _text(line, MOST_CALLBACK),
    "place": _text(line, MOST_PLACE),
    "spot": lambda _, value: None if value is None else Spot.of(value),
    "summary": _text(paragraph, MOST_SUMMARY),
}


def _plain(value: Any) -> Json:
    match value:
        case Spot():
            return value.plain()
        case EventClass() | Grade():
            return value.value
        case tuple():
            return list(value)
        case _:
            return value  # type: ignore[no-any-return]  # int, str or None: there is nothing else


def _read(field: str, value: Any) -> Any:
    if value is None:
        return getattr(_NOTHING, field)
    match field:
        case "event_class":
            return EventClass(value)
        case "grade":
            return Grade(value)
        case "spot":
            return Spot.of(value)
        case "hazards" | "flags" | "areas":
            return tuple(value)
        case _:
            return value


_NOTHING = Content()
NAMES = tuple(each.name for each in fields(Content))
"""Of all fields, in order."""
PERSONAL = ("reporter", "callback", "place", "spot", "summary")
