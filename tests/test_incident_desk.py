"""Incidents in the engine: what is wanted of it on its socket, and what is ordered by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine_house import House, house

TAKER = {"by": "call-taker"}
FIRE = {"type": "house-fire", "place": "启明区晨光路12号", "summary": "三楼冒烟", "called": "119", "form": "fire"}


@pytest.fixture
async def engine(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    async with house(short_path, monkeypatch) as living:
        yield living


async def deed(engine: House, name: str, *, key: str | None = None, **args: Any) -> Any:
    return await engine.wants("incident", deed=name, args=args, key=key, **TAKER)


async def test_a_submitted_incident_starts_its_plans_and_orders_in_the_same_breath(engine: House) -> None:
    made = (await deed(engine, "create", changes=FIRE))["incident"]
    assert (made["state"], made["version"], made["created_by"]) == ("draft", 1, "call-taker")
    preview = (await engine.wants("plans", incident=made["id"]))["plans"]
    assert [each["id"] for each in preview] == ["house-fire"]
    did = await deed(engine, "submit", incident=made["id"], version=made["version"])
    assert did["incident"]["state"] == "dispatched"
    assert did["plans"] == ["house-fire"]
    assert did["orders"] == [f"{made['id']}.{each['department']}.1" for each in preview[0]["orders"]]
    assert (await engine.wants("plans", incident=made["id"])) == {"plans": []}
