"""The corners of a polygon as senders give them, made into a ring that encloses an area."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import shapely

from gis.datum import LatLon
from gis.shape import MOST_VERTICES, BadShape
from gis.trouble import Flaw, Trouble


def ring(corners: Sequence[LatLon]) -> tuple[tuple[LatLon, ...], tuple[Trouble, ...]]:
    """An open ring of these corners that does not cross itself, and what was wrong.

    A ring that crosses itself encloses nothing certain, so the hull around all its corners is taken: it holds whatever
    the sender may have meant. Raises BadShape where the corners enclose no area.
    """
    if len(corners) > MOST_VERTICES + 1:
        raise BadShape(f"a polygon of {len(corners)} corners")
    troubles: list[Trouble] = []
    if len(corners) > 1 and corners[0] != corners[-1]:
        troubles.append(Trouble(Flaw.UNCLOSED_RING))
    kept = [corner for corner, following in pairwise([*corners, corners[0]]) if corner != following] if corners else []
    if len(set(kept)) < 3:
        raise BadShape(f"{len(set(kept))} different corners enclose no area")
    west = kept[0].lon
    # Relative to the first corner, so that the date line is no wall.
    by_flat = {_flat(corner, west): corner for corner in kept}
    flat = shapely.Polygon([_flat(corner, west) for corner in kept])
    if not flat.is_valid:
        hull = flat.convex_hull
        if not isinstance(hull, shapely.Polygon) or hull.is_empty:
            raise BadShape("corners on one line enclose no area")
        troubles.append(Trouble(Flaw.CROSSED_RING))
        kept = [by_flat[east, lat] for east, lat in hull.exterior.coords[:-1]]
    return tuple(kept), tuple(troubles)


def _flat(corner: LatLon, west: float) -> tuple[float, float]:
    return (corner.lon - west + 540.0) % 360.0 - 180.0, corner.lat
