"""What is long, late or broken around a notifier ends nothing: the order is called, reported on, and written down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dispatch import wish
from dispatch.edge import acting
from dispatch.notification import NotificationState
from dispatch.order import OrderState
from dispatch.outcome import Outcome
from journal import new_id
from telephony.department import key_noted
from telephony.manager.exchange import Gap, Why
from tests.edge_room import until
from tests.notifier_room import TEXT, Room, notifier_room


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


@pytest.mark.parametrize("taken", [False, True])
async def test_an_order_that_is_over_before_it_is_dialled_rings_nobody_though_sight_of_it_was_lost(
    room: Room, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    monkeypatch.setattr(acting, "SPEECH_S", 60.0)
    room.voice.held[TEXT] = asyncio.Event()
    order = await room.issue()
    await until(lambda: TEXT in room.voice.wanted)
    room.hear(Gap(Why.LINK), room.exchange.seen())
    over = wish.TakeWord if taken else wish.Cancel
    await room.notifier.wish(over(new_id(), order.id, "zhang-wei"))
    room.voice.held[TEXT].set()
    await until(lambda: room.notifier.figures()["attempts_live"] == 0)
    await room.quiet()
    assert room.exchange.dials == []
    (ended,) = [each for each in await room.facts(order) if each.type == "AttemptEnded"]
    assert (ended.body["outcome"], ended.body["heard"]) == (Outcome.STOPPED.value, False)


@pytest.mark.parametrize("error", [RuntimeError("a worker's own"), MemoryError()])
async def test_whatever_a_voice_raises_the_telephone_rings(
    room: Room, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def spoken(*_: object) -> Path:
        raise error

    monkeypatch.setattr(room.voice, "spoken", spoken)
    await room.issue()
    await room.dialled()
    assert room.exchange.dials[0].variables["LD_TEXT"] == ""
    await until(lambda: room.notifier.figures()["orders_unspoken"] == 2)  # the order and its code


async def test_a_key_that_nobody_heard_counts_though_the_hang_up_is_told_before_the_look_is_answered(
    room: Room,
) -> None:
    order = await room.issue()
    (attempt,) = await room.dialled()
    room.rings(attempt)
    room.picks_up(attempt)
    await room.quiet()
    room.exchange.holds["look"] = asyncio.Event()
    room.hear(Gap(Why.LINK))
    room.exchange.database[key_noted(attempt)] = "1"
    room.hear(room.exchange.seen())
    await until(lambda: room.exchange.done("look"))
    room.ends(attempt)
    await room.quiet()
    assert key_noted(attempt) in room.exchange.database
    room.exchange.holds["look"].set()
    now = await room.on_disk(order, lambda each: each.state is NotificationState.ACKNOWLEDGED)
    assert now.acknowledged_by == attempt
    await until(lambda: room.exchange.database == {})
    await room.dialled()
