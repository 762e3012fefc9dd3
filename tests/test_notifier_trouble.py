"""What is long, late or broken around a notifier ends nothing: the order is called, reported on, and written down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dispatch import wish
from dispatch.order import OrderState
from journal import new_id
from tests.notifier_room import Room, notifier_room


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with notifier_room(tmp_path) as opened:
        yield opened


async def test_a_report_with_the_longest_name_to_the_longest_department_is_written_once(room: Room) -> None:
    order = await room.issue(department="d" * 40)
    await room.dialled()
    report = wish.Feedback(new_id(), order.id, "f" * 100, "zhang-wei", OrderState.EN_ROUTE, "出动")
    await room.notifier.wish(report)
    await room.notifier.wish(report)
    await room.notifier.wish(wish.Feedback(new_id(), order.id, "f" * 99, "zhang-wei", words="到达路口"))
    reports = [each for each in await room.facts(order) if each.type == "FeedbackGiven"]
    assert [each.subjects["feedback"] for each in reports] == ["f" * 100, "f" * 99]
    await room.kill()
    await room.begin()
    await room.notifier.wish(report)
    assert (await room.story(order)).count("FeedbackGiven") == 2
