"""The closed lists of the incident record: classes of events, grades, results, relations."""

from __future__ import annotations

from enum import StrEnum


class EventClass(StrEnum):
    """The four classes of emergencies (突发事件) in GB/T 35561-2017, and one of our own for everything else.

    The names are those of the law and of the national overall plan; the standard's own text was not at hand, so no
    conformance is claimed. Its codes are entered by a centre that has it: `code` in `incident_types.yaml`.
    """

    NATURAL_DISASTER = "natural-disaster"
    """自然灾害: water, weather, earthquake, ground, sea, pests, forest fire."""
    ACCIDENT = "accident"
    """事故灾难: industry, fire, traffic, public supply, environment."""
    PUBLIC_HEALTH = "public-health"
    """公共卫生事件: epidemics, food, poisoning, animals' diseases."""
    SOCIAL_SECURITY = "social-security"
    """社会安全事件: crime, terror, crowds, the economy's security."""
    EVERYDAY = "everyday"
    """Our own: what a unified number is rung for and the law calls no emergency event: one patient, help, advice."""


class Grade(StrEnum):
    """How grave: I particularly grave 特别重大, II grave 重大, III fairly grave 较大, IV ordinary 一般."""

    I = "I"  # noqa: E741 - it is what the field calls it
    II = "II"
    III = "III"
    IV = "IV"

    @property
    def rank(self) -> int:
        """1 to 4, 1 gravest."""
        return list(Grade).index(self) + 1


class Result(StrEnum):
    """How an incident ended."""

    HANDLED = "handled"
    """What was reported was so, and was dealt with."""
    NOTHING_FOUND = "nothing-found"
    """Nothing was there."""
    FALSE_ALARM = "false-alarm"
    """Reported in good faith, and not so."""
    NUISANCE = "nuisance"
    """Reported in bad faith, or for fun."""
    HANDED_OVER = "handed-over"
    """Another centre has it."""
    ADVICE = "advice"
    """Words were enough."""
    MISTAKE = "mistake"
    """The record itself was made by mistake."""
    WITHDRAWN = "withdrawn"
    """The reporter took it back."""
    TEST = "test"
    """Nobody reported anything: a line or a person was tried."""


CLOSING = frozenset(
    {
        Result.HANDLED,
        Result.NOTHING_FOUND,
        Result.FALSE_ALARM,
        Result.NUISANCE,
        Result.HANDED_OVER,
        Result.ADVICE,
    }
)
"""Results with which an incident is closed."""
CANCELLING = frozenset(
    {
        Result.MISTAKE,
        Result.WITHDRAWN,
        Result.TEST,
        Result.NUISANCE,
        Result.FALSE_ALARM,
        Result.ADVICE,
    }
)
"""And those with which it is cancelled."""


class Relationship(StrEnum):
    """What a linked incident is to this one (NENA i3 IncidentLinkLogEvent)."""

    PARENT = "parent"
    """The larger event to which this one belongs."""
    CHILD = "child"
    """A part of this one."""
    UNSPECIFIED = "unspecified"
    """They have to do with each other."""

    @property
    def inverse(self) -> Relationship:
        """What this one is to the other."""
        match self:
            case Relationship.PARENT:
                return Relationship.CHILD
            case Relationship.CHILD:
                return Relationship.PARENT
            case Relationship.UNSPECIFIED:
                return Relationship.UNSPECIFIED


class Side(StrEnum):
    """Which of two merged incidents a fact is about."""

    KEPT = "kept"
    """The one in which both go on."""
    MERGED = "merged"
    """The one that goes on in the other."""
