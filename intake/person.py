"""The person at a seat: signed out, ready, paused with a reason, or in wrap-up after a conversation.

    signed out --sign in--> ready --pause, suspend--> paused --ready--> ready
         ^                    |  conversation over -> wrap-up -- wrap-up over, ready --> ready
         +---- sign out from anywhere

Rules:

- This plane knows nothing of the line: a person may pause or sign out while talking, and the conversation goes on.
- What a person wants (`sign in`, `sign out`, `pause`, `ready`) is a decided fact: it comes here only after it was
  committed. What the room does by itself (`suspend`, the wrap-up) is witnessed, and never signs anybody in or out:
  so a wish that was possible when it was made is still possible when it is committed.
"""

from __future__ import annotations

from enum import StrEnum

from intake.table import Goes, Ignored, Table, Theirs, among


class Presence(StrEnum):
    """What the person at a seat is there for."""

    SIGNED_OUT = "signed out"
    READY = "ready"
    PAUSED = "paused"
    WRAP_UP = "wrap-up"


class PersonEvent(StrEnum):
    """What moves a person."""

    SIGN_IN = "sign in"
    """Somebody begins to work at this seat."""
    SIGN_OUT = "sign out"
    """And ends it."""
    PAUSE = "pause"
    """Wants no calls for now, for a reason."""
    READY = "ready"
    """Wants calls again."""
    SUSPEND = "suspend"
    """Ignored or rejected a call: paused by the room, and a supervisor is told."""
    CONVERSATION_OVER = "conversation over"
    """Has a conversation to write up."""
    WRAP_UP_OVER = "wrap-up over"
    """The time for writing up has passed."""


_OUT, _READY, _PAUSED, _WRAP = Presence
_NOBODY = Theirs("not_signed_in", "nobody is signed in at this seat")
_AWAY = Ignored("has signed out meanwhile")

PERSON: Table[Presence, PersonEvent] = Table(
    "person",
    Presence,
    PersonEvent,
    {
        PersonEvent.SIGN_IN: {
            _OUT: Goes(_READY),
            **among((_READY, _PAUSED, _WRAP), Theirs("seat_taken", "somebody is signed in at this seat")),
        },
        PersonEvent.SIGN_OUT: {
            _OUT: _NOBODY,
            **among((_READY, _PAUSED, _WRAP), Goes(_OUT)),
        },
        PersonEvent.PAUSE: {
            _OUT: _NOBODY,
            **among((_READY, _WRAP), Goes(_PAUSED)),
            _PAUSED: Ignored("only the reason changes"),
        },
        PersonEvent.READY: {
            _OUT: _NOBODY,
            **among((_PAUSED, _WRAP), Goes(_READY)),
            _READY: Ignored("ready already"),
        },
        PersonEvent.SUSPEND: {
            _OUT: _AWAY,
            **among((_READY, _WRAP), Goes(_PAUSED)),
            _PAUSED: Ignored("paused already: the person's own reason stands"),
        },
        PersonEvent.CONVERSATION_OVER: {
            _OUT: _AWAY,
            _READY: Goes(_WRAP),
            _PAUSED: Ignored("wanted a pause after this conversation"),
            _WRAP: Ignored("reported twice"),
        },
        PersonEvent.WRAP_UP_OVER: {
            _OUT: _AWAY,
            **among((_READY, _PAUSED), Ignored("was over before its time")),
            _WRAP: Goes(_READY),
        },
    },
)
"""The one table of the person."""
