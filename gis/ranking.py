"""Which of several positions is the best one: a rule that can be said in one breath, and is the same on every screen.

1. What a call-taker marked after asking the caller.
2. What was measured for this call (SIP, AML), if its radius at 95 % is unknown or at most a kilometre.
3. The address of a fixed line.
4. Coarse: a cell, or a measured position with a larger radius.
5. The trunk's default.
6. The address to which a mobile is registered.
7. An address without a place: it is read, but nothing can be looked up with it.
8. Whatever lies farther from the centre than `far_km`, because nearly always somebody's program is wrong.

Within one rank the smaller radius at 95 % wins, an unknown one comes last, and of two equal ones the earlier stays. So
a worse position never takes the place of an earlier one, nor an equal one because it is later; a better one does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

from gis.datum import LatLon
from gis.earth import distance_m
from gis.position import Position, Source

FINE_M = 1000.0
"""A measured position with a larger radius is no better than a cell: its streets differ from side to side."""


class Rank(StrEnum):
    """Why a position stands where it stands; best first."""

    CONFIRMED = "confirmed"
    MEASURED = "measured"
    FIXED_LINE = "fixed-line"
    COARSE = "coarse"
    DEFAULT = "default"
    REGISTERED = "registered"
    ADDRESS_ONLY = "address-only"
    FAR = "far"


_ORDER = {rank: place for place, rank in enumerate(Rank)}
_BY_SOURCE = {
    Source.CALL_TAKER: Rank.CONFIRMED,
    Source.SUBSCRIBER: Rank.FIXED_LINE,
    Source.CELL: Rank.COARSE,
    Source.TRUNK: Rank.DEFAULT,
    Source.REGISTERED: Rank.REGISTERED,
}


def rank(position: Position, centre: LatLon | None = None, far_m: float = math.inf) -> Rank:
    """The rank of one position; without a centre nothing is far."""
    if position.source is Source.CALL_TAKER:
        return Rank.CONFIRMED  # whoever marked it has seen where it is
    if position.centre is None:
        return Rank.ADDRESS_ONLY
    if centre is not None and distance_m(centre, position.centre) > far_m:
        return Rank.FAR
    if position.source in _BY_SOURCE:
        return _BY_SOURCE[position.source]
    radius_m = position.radius_at()
    return Rank.MEASURED if radius_m is None or radius_m <= FINE_M else Rank.COARSE


def ranked(
    positions: Sequence[Position], centre: LatLon | None = None, far_m: float = math.inf
) -> tuple[tuple[int, Rank], ...]:
    """The indices of the positions with their ranks, best first."""

    def key(entry: tuple[int, Rank]) -> tuple[int, float, int]:
        index, its = entry
        radius_m = positions[index].radius_at()
        return _ORDER[its], math.inf if radius_m is None else radius_m, index

    return tuple(sorted(((index, rank(each, centre, far_m)) for index, each in enumerate(positions)), key=key))
