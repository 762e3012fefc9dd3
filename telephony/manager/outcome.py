"""How an act ended. These are values: every caller must look at them, and none of them is an exception.

An act that was not answered is never sent again by this package: whether it took effect is unknown, and Asterisk is
to be asked (the next snapshot tells) before anybody repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Answered(Generic[T_co]):
    """Asterisk did it; `value` is what was asked for."""

    value: T_co


@dataclass(frozen=True, slots=True)
class Refused:
    """Asterisk said no: nothing changed."""

    why: str
    """Asterisk's own words."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No answer within the deadline; a late one is thrown away. Unknown whether it took effect."""


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The link was not there, or ended before the answer came. Unknown whether it took effect, if it was sent."""

    sent: bool = field(default=True, compare=False)
    """False: nothing was sent, so nothing has happened."""


Outcome = Answered[T_co] | Refused | TimedOut | LinkLost
