"""What a call needs from the person who takes it."""

from __future__ import annotations

from typing import NamedTuple


class Need(NamedTuple):
    """A service and a language; None: any will do."""

    service: str | None = None
    """Id of the service that the caller wants, by the number dialled or the key pressed."""
    language: str | None = None
    """Language that the caller speaks, if it is known."""


ANYBODY = Need()
"""What every person meets: after a while every call needs only this."""
