"""Whether conditions can hold at all, and whether two of them can hold for one incident. Pure.

Careful in one direction: what is called impossible is impossible. Areas of one layer (districts, or police precincts)
are taken for side by side, so that two conditions with different ones are about different incidents; one that lies on
the border of both is the exception.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from config.problem import Refused, nearest
from dispatch.condition import WEEK_MIN, Condition, Window
from intake.incident.kind import EventClass


@dataclass(frozen=True, slots=True)
class Known:
    """What a centre has; None: not looked at."""

    types: Mapping[str, EventClass] | None = None
    """Type ids, with their classes."""
    areas: Mapping[str, str] | None = None
    """Area ids, each with its layer: areas of one layer lie side by side, those of two upon each other."""
    called: Collection[str] | None = None
    """Numbers that can be dialled."""
    flags: Collection[str] | None = None
    """Flags that an incident can have."""


def impossible(condition: Condition, known: Known) -> Iterator[Refused]:
    """Why a condition can never hold; nothing if it can."""
    yield from _strangers("types", condition.types, known.types)
    yield from _strangers("areas", condition.areas, known.areas)
    yield from _strangers("called", condition.called, known.called)
    yield from _strangers("any_flags", condition.any_flags, known.flags)
    for index, flag in enumerate(condition.flags):
        if known.flags is not None and flag not in known.flags:
            yield _never(f"no incident ever has the flag {flag}", flag, known.flags, ("flags", index))
        if flag in condition.no_flags:
            yield _never(f"the flag {flag} is wanted and not wanted", path=("flags", index))
    if condition.any_flags and set(condition.any_flags) <= set(condition.no_flags):
        yield _never("every one of these flags is not wanted", path=("any_flags",))
    if condition.types and condition.classes and known.types is not None:
        classes = {known.types[each] for each in condition.types if each in known.types}
        if classes and classes.isdisjoint(condition.classes):
            yield _never("none of these types is of one of these classes", path=("classes",))


def overlap(first: Condition, second: Condition, known: Known) -> bool:
    """Whether one incident can meet both."""
    lists: tuple[tuple[Sequence[object], Sequence[object]], ...] = (
        (first.types, second.types),
        (first.classes, second.classes),
        (first.grades, second.grades),
        (first.called, second.called),
    )
    if any(one and other and set(one).isdisjoint(other) for one, other in lists):
        return False
    if _apart(first.areas, second.areas, known):
        return False
    if not _classes_agree(first, second, known) or not _classes_agree(second, first, known):
        return False
    wanted = {*first.flags, *second.flags}
    unwanted = {*first.no_flags, *second.no_flags}
    if wanted & unwanted:
        return False
    if any(each.any_flags and set(each.any_flags) <= unwanted for each in (first, second)):
        return False
    return not first.times or not second.times or _meet(first.times, second.times)


def _apart(first: Sequence[str], second: Sequence[str], known: Known) -> bool:
    """Whether nothing can lie in one of the first areas and in one of the second."""
    if not first or not second or not set(first).isdisjoint(second):
        return False
    layers = {known.areas.get(each, "") for each in (*first, *second)} if known.areas is not None else {""}
    return len(layers) == 1


def _strangers(name: str, values: Sequence[str], known: Collection[str] | None) -> Iterator[Refused]:
    """One of these is enough: it is impossible only if none of them exists."""
    if values and known is not None and not any(each in known for each in values):
        yield _never(f"none of these exists: {', '.join(values)}", values[0], known, (name,))


def _never(why: str, value: str = "", known: Collection[str] = (), path: tuple[str | int, ...] = ()) -> Refused:
    return Refused("no_match_possible", f"no incident can match: {why}", nearest=nearest(value, known), path=path)


def _classes_agree(first: Condition, second: Condition, known: Known) -> bool:
    """Whether a type of the first can be of a class of the second."""
    if known.types is None or not first.types or not second.classes:
        return True
    return any(known.types.get(each) in second.classes for each in first.types)


def _meet(first: Sequence[Window], second: Sequence[Window]) -> bool:
    """Whether two sets of windows share a minute: if so, one of them begins within the other."""
    starts = [begun % WEEK_MIN for each in (*first, *second) for begun, _ in each.spans()]
    return any(_any(first, minute) and _any(second, minute) for minute in starts)


def _any(windows: Sequence[Window], minute: int) -> bool:
    return any(each.holds(minute) for each in windows)
