"""What people want, from the feature codes of a telephone or by the API. PINs were checked before.

Rule: a wish becomes a decided fact. The step that takes it changes nothing but to hand the fact out for committing;
the wish is granted by `Committed` and forgotten by `NotCommitted`. So nobody is offered a call, or spared one, by a
decision that a crash could undo. While one wish of a seat or person is under way, another one is refused.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person begins to work at a seat, ready for calls."""

    wish: str
    """Names this wish, for the reply."""
    seat: str
    """Where."""
    person: str
    """Who."""
    by: str
    """Who asked for it: `phone`, or the API's user."""


@dataclass(frozen=True, slots=True)
class SignOut:
    """Whoever is signed in at a seat goes."""

    wish: str
    """Names this wish, for the reply."""
    seat: str
    """Where."""
    by: str
    """Who asked for it."""


@dataclass(frozen=True, slots=True)
class Pause:
    """The person at a seat wants no calls for now."""

    wish: str
    """Names this wish, for the reply."""
    seat: str
    """Where."""
    reason: str
    """One of the centre's pause reasons."""
    by: str
    """Who asked for it."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The person at a seat wants calls again: ends a pause or a wrap-up."""

    wish: str
    """Names this wish, for the reply."""
    seat: str
    """Where."""
    by: str
    """Who asked for it."""


@dataclass(frozen=True, slots=True)
class Committed:
    """The fact of a wish is in the journal."""

    wish: str
    """Which wish."""


@dataclass(frozen=True, slots=True)
class NotCommitted:
    """The journal could not take the fact of a wish."""

    wish: str
    """Which wish."""


Wish = SignIn | SignOut | Pause | Ready
"""What a person can want."""
