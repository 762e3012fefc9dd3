"""What came out of one text that somebody sent."""

from __future__ import annotations

from dataclasses import dataclass

from gis.position import Position
from gis.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Reading:
    """Positions, what became of none, and where more could be asked for."""

    positions: tuple[Position, ...] = ()
    """In the sender's order, each with what was wrong with it."""
    troubles: tuple[Trouble, ...] = ()
    """What was wrong with parts that became no position."""
    references: tuple[str, ...] = ()
    """URIs at which the position can be asked for; `cid:` means the body of the same message."""
