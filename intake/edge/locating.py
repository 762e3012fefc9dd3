"""Where a caller is, as the journal has it: each time that more is known, one fact with everything; and back. Pure.

All positions are personal. What stays for ever is how many there were, from which sources, and what was wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from gis.locate import Located, Locator
from gis.position import Position
from gis.ranking import Rank
from gis.record import located_data, position_of
from intake.edge.writing import LOCATED
from intake.incident import Who
from journal import BadFact, Draft, Fact
from journal.canonical import Json, canonical

_NO_SHAPES = ("shape", "civic", "notes")
_MOST_TROUBLES = 60
_TRUSTED = frozenset({Rank.CONFIRMED, Rank.MEASURED, Rank.FIXED_LINE})


def located_draft(call: str, located: Located, at: datetime, who: Who | None = None) -> Draft:
    """The entry; `who` marked the last position. The same positions are the same fact. Raises BadFact."""
    data = located_data(located)
    ranks = {index: rank.value for index, rank in located.ranking}
    subjects = {"call": call}
    body: dict[str, Json] = {
        "what": LOCATED,
        "positions": [
            {"source": each.source.value, "rank": ranks[index], "radius_m": data["positions"][index]["radius_m"]}
            for index, each in enumerate(located.positions)
        ],
        "best": located.ranking[0][0] if located.ranking else None,
        "troubles": list(dict.fromkeys(each.flaw.value for each in located.troubles))[:_MOST_TROUBLES],
    }
    if who is not None:
        body["by"] = who.id
        subjects |= {"person": who.id} if who.person else {}
        subjects |= {"seat": who.seat} if who.seat is not None else {}
    try:
        told = canonical(data)
    except BadFact:  # fifty polygons; their middles and radii have room
        data = {**data, "positions": [_short(each) for each in data["positions"]]}
        told = canonical(data)
    id = f"{call}:located:{hashlib.sha256(told.encode()).hexdigest()[:24]}"
    return Draft.of(LOCATED, at, subjects=subjects, body=body, personal=data, id=id)


def areas_of(located: Located) -> frozenset[str]:
    """Ids of the areas in which a caller is or may be, if that is more than a guess."""
    if not located.ranking or located.ranking[0][1] not in _TRUSTED:
        return frozenset()
    return frozenset(share.id for each in located.jurisdictions.values() for share in each.shares)


def areas_told(fact: Fact) -> frozenset[str]:
    """The same, as the journal has it; none if that was erased."""
    told = fact.personal or {}
    if not told.get("ranking") or told["ranking"][0]["rank"] not in _TRUSTED:
        return frozenset()
    return frozenset(share["id"] for each in told["jurisdictions"].values() for share in each["shares"])


def restored(fact: Fact, fresh: Located, locator: Locator) -> Located | None:
    """What an earlier life of the engine knew, with the subscriber as he is found now; None if it was erased."""
    if fact.personal is None:
        return None
    positions = [found for each in fact.personal.get("positions", ()) if (found := _position(each)) is not None]
    references = tuple(str(each) for each in fact.personal.get("references", ()))
    return locator.add(replace(fresh, positions=(), references=references), *positions)


def _position(data: Mapping[str, Any]) -> Position | None:
    try:
        return position_of(data)
    except (KeyError, TypeError, ValueError):
        return None  # one that was shortened, or of another version


def _short(position: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in position.items() if key not in _NO_SHAPES}
