"""Incidents that are taken up again: who is called anew when one is reopened or unmerged, and who is not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dispatch import fact
from dispatch.fact import How
from dispatch.order import OrderState
from intake.incident import Incident, IncidentState
from liandong import incidents
from liandong.incidents import Did
from tests.edge_room import until
from tests.incident_desk_room import DISTRICT, ZHANG, DeskRoom, desk_room


@pytest.fixture
async def room(short_path: Path) -> AsyncIterator[DeskRoom]:
    async with desk_room(short_path) as living:
        yield living


def taken_back(*orders: str) -> tuple[fact.OrderCancelled, ...]:
    return tuple(fact.OrderCancelled(each, 1, "zhang-wei", "the incident was closed") for each in orders)


async def cancelled_by_mistake(room: DeskRoom, incident: Incident) -> Incident:
    """While its departments ring."""
    version = room.incident(incident.id).version
    done = (await room.do("cancel", incident=incident.id, version=version, result="mistake")).done.incident
    await room.happens(*taken_back(*(each.stored.order.id for each in room.orders(incident.id))))
    return done


async def previewed(room: DeskRoom, id: str) -> list[str]:
    """Orders, as they would be called."""
    plans = await room.desk.would_start(id, {})
    return [one.department for each in plans for one in each.orders]


async def reopened(room: DeskRoom, id: str) -> Did:
    return await room.do("reopen", incident=id, version=room.incident(id).version, words="误取消")


async def test_who_rang_when_an_incident_was_cancelled_by_mistake_rings_again_when_it_is_reopened(
    room: DeskRoom,
) -> None:
    incident = await room.submitted()
    await cancelled_by_mistake(room, incident)
    assert await previewed(room, incident.id) == ["fire", "police"]
    room.notifier.told.clear()
    did = await reopened(room, incident.id)
    assert did.orders == (f"{incident.id}.fire.2", f"{incident.id}.police.2")
    assert did.plans == (), "it had started"
    assert room.armed() == set(did.orders)
    assert [each.id for each in room.notifier.told] == list(did.orders)
    assert did.done.incident.state is IncidentState.DISPATCHED
    assert await previewed(room, incident.id) == []
    assert room.story(incident.id).count("PlanStarted") == 1


async def test_who_had_acknowledged_or_has_an_order_still_is_not_called_again(room: DeskRoom) -> None:
    incident = await room.submitted(trapped=1)
    fire, police, medical, *others = [each.stored.order.id for each in room.orders(incident.id)]
    by_word = [fact.Acknowledged(each, 1, How.WORD, None, "li-na", 10.0) for each in (fire, police)]
    await room.happens(*by_word)
    await room.happens(fact.FeedbackGiven(police, "f1", OrderState.DONE, "", "phone"))
    version = room.incident(incident.id).version
    await room.do("close", incident=incident.id, version=version, result="handled")
    await room.happens(fact.OrderClosed(fire, "zhang-wei"), *taken_back(*others))
    again = [each.split(".")[1] for each in others]
    assert await previewed(room, incident.id) == again
    did = await reopened(room, incident.id)
    assert [each.split(".")[1:] for each in did.orders] == [[each, "2"] for each in again]
    assert room.armed() == {medical, *did.orders}, "that order was never taken back, so it rings on"


async def test_an_order_by_hand_that_lives_stands_for_the_one_that_was_taken_back(room: DeskRoom) -> None:
    incident = await room.submitted()
    await room.happens(*taken_back(f"{incident.id}.fire.1"))
    by_hand = await room.desk.order_by_hand(incident.id, "fire", "云梯车", None, ZHANG)
    version = room.incident(incident.id).version
    await room.do("close", incident=incident.id, version=version, result="handled")
    await room.happens(*taken_back(f"{incident.id}.police.1"))
    assert (await reopened(room, incident.id)).orders == (f"{incident.id}.police.2",)
    assert by_hand in room.armed()


async def test_an_order_that_was_taken_back_is_not_given_again_by_a_change(room: DeskRoom) -> None:
    incident = await room.submitted()
    await room.happens(*taken_back(f"{incident.id}.fire.1"))
    did = await room.do("amend", incident=incident.id, version=incident.version, changes={"summary": "浓烟"})
    assert (did.orders, await previewed(room, incident.id)) == ((), [])


async def test_one_that_was_merged_by_mistake_calls_anew_whom_the_end_of_the_other_had_stopped(room: DeskRoom) -> None:
    kept, gone = await room.submitted(), await room.submitted()
    await room.do("merge", incident=gone.id, version=gone.version, into=kept.id)
    await room.do("close", incident=kept.id, version=room.incident(kept.id).version, result="handled")
    await room.happens(*taken_back(f"{gone.id}.fire.1"))
    assert await previewed(room, gone.id) == ["fire"]
    did = await room.do("unmerge", incident=gone.id)
    assert did.orders == (f"{gone.id}.fire.2",)
    assert did.done.incident.state is IncidentState.DISPATCHED


async def test_a_plan_that_had_started_orders_as_it_was_then(short_path: Path) -> None:
    async with desk_room(short_path, district=DISTRICT) as room:
        incident = await room.submitted(areas=["qiming"])
        await cancelled_by_mistake(room, incident)
    changed = DISTRICT.replace("version: 1", "version: 2").replace('zh: "{place}"', 'zh: "{place}，改"')
    async with desk_room(short_path, district=changed) as room:
        (plan,) = [each for each in await room.desk.would_start(incident.id, {}) if each.plan.id == "district"]
        did = await reopened(room, incident.id)
        gas = next(each for each in room.notifier.told if each.department == "gas")
        assert gas.id in did.orders
        assert (plan.plan.version, [each.text for each in plan.orders]) == (1, [gas.text])
        assert "改" not in gas.text
        new = await room.submitted(areas=["qiming"])
        assert "改" in next(each.stored.order.text for each in room.orders(new.id) if each.plan == "district")


# The end of one life of an incident and the beginning of the next.


async def test_a_closing_that_is_sent_again_after_a_reopening_leaves_the_orders_alone(room: DeskRoom) -> None:
    kept, gone = await room.submitted(), await room.submitted()
    await room.do("merge", incident=gone.id, version=gone.version, into=kept.id)
    over = {"incident": kept.id, "version": room.incident(kept.id).version, "result": "handled"}
    await room.do("close", key="c1", **over)
    assert [each.incident for each in room.closed()] == [kept.id, gone.id]
    await room.do("close", key="c1", **over)
    assert len(room.closed()) == 4, "nobody knows whether they were"
    await reopened(room, kept.id)
    assert (await room.do("close", key="c1", **over)).done.again
    assert len(room.closed()) == 4
    assert room.incident(kept.id).open


async def test_an_incident_is_reopened_only_after_its_orders_are_closed(room: DeskRoom) -> None:
    incident = await room.submitted()
    room.notifier.held = asyncio.Event()
    closing = asyncio.create_task(room.do("close", incident=incident.id, version=incident.version, result="handled"))
    await until(lambda: room.closed())
    opening = asyncio.create_task(reopened(room, incident.id))
    await room.do("note", incident=incident.id, words="复燃")
    assert room.incident(incident.id).over, "the note was asked for later, and is written down"
    await room.happens(*taken_back(*(each.stored.order.id for each in room.orders(incident.id))))
    room.notifier.held.set()
    await closing
    assert [each.split(".")[1:] for each in (await opening).orders] == [["fire", "2"], ["police", "2"]]


@pytest.mark.parametrize("deed", ["reopen", "unmerge"])
async def test_what_was_found_over_and_is_taken_up_before_its_orders_are_closed_keeps_them(
    room: DeskRoom, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    kept, gone = await room.submitted(), await room.submitted()
    await room.do("merge", incident=gone.id, version=gone.version, into=kept.id)
    room.notifier.refuses = True
    await room.do("close", incident=kept.id, version=room.incident(kept.id).version, result="handled")
    room.notifier.refuses = False
    look, looked, go_on = incidents._over_with_orders, threading.Event(), threading.Event()

    def slowly(engine: Engine) -> tuple[str, ...]:
        found = look(engine)
        looked.set()
        go_on.wait(10)
        return found

    monkeypatch.setattr(incidents, "_over_with_orders", slowly)
    sweeping = asyncio.create_task(room.desk._close_left_over())
    await until(looked.is_set)
    did = await (reopened(room, kept.id) if deed == "reopen" else room.do("unmerge", incident=gone.id))
    go_on.set()
    assert await sweeping
    assert did.orders == (), "they live, and nobody has taken them back"
    assert [each.incident for each in room.closed()] == ([] if deed == "reopen" else [kept.id])
