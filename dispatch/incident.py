"""How plans and orders see an incident record: the facts that conditions speak of, and the words that are spoken."""

from __future__ import annotations

from datetime import datetime

from config.field import Wording
from dispatch.situation import Situation
from dispatch.wording import IncidentWords
from intake.incident.content import Content
from intake.incident.settings import IncidentTypes

TRAPPED = "trapped"
CASUALTIES = "casualties"


def situation_of(content: Content, called: str, at: datetime) -> Situation:
    """The facts of a record. `at` is when it was reported, in the centre's zone.

    Hazards are flags as well, and numbers of people make them: somebody trapped is `trapped`, somebody injured is
    `casualties`, whether or not the call-taker has set the flag.
    """
    counted = {TRAPPED: content.trapped, CASUALTIES: content.injured}
    return Situation(
        type=content.type,
        event_class=content.event_class,
        grade=content.grade,
        areas=frozenset(content.areas),
        at=at,
        called=called,
        flags=frozenset({*content.flags, *content.hazards, *(flag for flag, count in counted.items() if count)}),
    )


def words_of(content: Content, number: str, types: IncidentTypes, at: datetime) -> IncidentWords:
    """The words of a record; `number` is its number by day, `at` when it was reported, in the centre's zone."""
    kind = types.type(content.type)
    return IncidentWords(
        number=number,
        type=kind.name if kind is not None else None,
        grade=content.grade,
        place=content.place,
        summary=content.summary,
        people=_people(content),
        time=f"{at:%H:%M}",
    )


def _people(content: Content) -> Wording | None:
    counted = (
        (content.trapped, "被困{}人", "{} trapped"),
        (content.injured, "受伤{}人", "{} injured"),
        (content.involved, "涉及{}人", "{} involved"),
    )
    known = [(zh.format(count), en.format(count)) for count, zh, en in counted if count]
    if not known:
        return None
    return Wording(zh="，".join(zh for zh, _ in known) + "。", en=", ".join(en for _, en in known) + ".")
