"""Who calls and from where, beside the call: in an engine whose Asterisk is rehearsed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from console.state import CallState
from telephony.manager import event as told
from tests.edge_room import until
from tests.engine_house import House, house

CIRCLE = 'shape="Circle", crs="2d", pos="39.601 85.402", radius="40"'


@pytest.fixture
async def engine(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    async with house(short_path, monkeypatch) as living:
        yield living


async def shown(engine: House, call: str, true: Any) -> CallState:
    """The call as it is told, once this is true of it."""
    await until(lambda: call in engine.tap.calls and true(engine.tap.calls[call]))
    return engine.tap.calls[call]


def carries(engine: House, call: str, **geo: str) -> None:
    values = {"header": "", "format": "GML", "location_info": CIRCLE, "confidence": "", "method": "GPS"} | geo
    engine.link.tell(told.Carried(engine.telephones._at, engine.telephones.up[call], **values))


async def test_a_caller_is_told_with_where_he_may_be_and_who_is_in_charge_there(engine: House) -> None:
    call = engine.telephones.comes(number="13800000001")
    engine.telephones.unanswered(call)
    state = await shown(engine, call, lambda it: it.positions and it.known)
    assert [(each.source, each.rank) for each in state.positions][-1] == ("trunk", "default")
    assert state.best is not None
    assert "fire" in state.jurisdictions
    assert (state.known.count, state.known.score) == (0, 0)
