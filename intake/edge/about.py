"""What is known of a caller beside his call: where he may be, what his number did before, what his call is about."""

from __future__ import annotations

from dataclasses import dataclass, field

from gis.locate import Located
from intake.history import NumberHistory
from intake.incident import Incident


@dataclass(frozen=True, slots=True)
class Missing:
    """Something could not be found out; the call goes on without it."""

    code: str
    """A stable word."""
    detail: str
    """In words."""


@dataclass(frozen=True, slots=True)
class About:
    """Everything that was found out so far."""

    located: Located = field(default_factory=Located)
    """Where he may be."""
    number: NumberHistory | None = None
    """What is known of his number; None: not looked up yet."""
    incidents: tuple[Incident, ...] = ()
    """Those that his call is about."""
    missing: tuple[Missing, ...] = ()


NOTHING = About()
