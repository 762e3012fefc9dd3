"""Incidents in the engine: what is written with a deed, what is ordered by it, and what the notifier is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from console.wire import Refused
from dispatch import fact
from dispatch.fact import How
from dispatch.order import OrderState
from intake.incident import DeedRefused, IncidentError, IncidentState, NoSuchIncident, Stale
from journal import CommitUnknown, NotCommitted, Refusal
from tests.edge_room import until
from tests.incident_desk_room import DISTRICT, FIRE, ZHANG, DeskRoom, desk_room

IN_QIMING = {"lat": 39.6, "lon": 85.35, "source": "call-taker", "at": "2026-11-23T15:00:00.000000Z"}


@pytest.fixture
async def room(short_path: Path) -> AsyncIterator[DeskRoom]:
    async with desk_room(short_path) as living:
        yield living


# What is ordered.


async def test_a_submitted_incident_and_its_orders_are_one_commit(room: DeskRoom) -> None:
    made = (await room.do("create", changes=FIRE)).done.incident
    preview = await room.desk.would_start(made.id, {})
    assert [(each.plan.id, [one.department for one in each.orders]) for each in preview] == [
        ("house-fire", ["fire", "police"])
    ]
    did = await room.do("submit", incident=made.id, version=made.version)
    assert did.plans == ("house-fire",)
    assert did.orders == (f"{made.id}.fire.1", f"{made.id}.police.1")
    assert did.done.incident.state is IncidentState.DISPATCHED
    assert [each.id for each in room.notifier.told] == list(did.orders)
    assert room.armed() == set(did.orders), "each has its next deadline, on disk"
    assert [each.text for each in room.notifier.told] == [one.text for one in preview[0].orders]
    assert room.story(made.id) == [
        *("IncidentCreated", "IncidentSubmitted", "PlanStarted", "OrderIssued", "OrderIssued", "IncidentDispatched")
    ]
    assert await room.desk.would_start(made.id, {}) == (), "it has started"


async def test_an_amendment_starts_what_it_now_meets_and_orders_nobody_twice(room: DeskRoom) -> None:
    incident = await room.submitted()
    did = await room.do("amend", incident=incident.id, version=incident.version, changes={"trapped": 2})
    assert did.plans == ("major-fire",)
    departments = [each.stored.order.department for each in room.orders(incident.id)]
    assert departments == ["fire", "police", "medical", "traffic", "power", "gas", "water"]
    assert "被困2人" in next(each.text for each in room.notifier.told if each.department == "medical")
    told = len(room.notifier.told)
    again = await room.do("amend", incident=incident.id, version=did.done.incident.version, changes={"injured": 1})
    assert (again.plans, again.orders, len(room.notifier.told)) == ((), (), told)


async def test_a_draft_starts_nothing_and_without_a_type_it_is_not_submitted(room: DeskRoom) -> None:
    made = (await room.do("create", changes={"summary": "有人喊"})).done.incident
    did = await room.do("amend", incident=made.id, version=made.version, changes={"place": "某处"})
    assert (did.plans, did.orders) == ((), ())
    with pytest.raises(IncidentError) as refused:
        await room.do("submit", incident=made.id, version=did.done.incident.version)
    assert refused.value.code == "empty"
    assert room.story(made.id) == ["IncidentCreated", "IncidentAmended"]
    assert room.notifier.told == []


async def test_what_is_filled_in_last_counts_in_the_preview_before_it_is_written(room: DeskRoom) -> None:
    made = (await room.do("create", changes=FIRE)).done.incident
    preview = await room.desk.would_start(made.id, {"trapped": 1})
    assert [each.plan.id for each in preview] == ["major-fire"]
    assert preview[0].why
    assert room.story(made.id) == ["IncidentCreated"]
    with pytest.raises(IncidentError) as refused:
        await room.desk.would_start(made.id, {"grade": "V"})
    assert refused.value.code == "bad_grade"
    with pytest.raises(NoSuchIncident):
        await room.desk.would_start("nobody", {})


async def test_plans_for_a_district_start_where_the_spot_lies(short_path: Path) -> None:
    async with desk_room(short_path, district=DISTRICT) as room:
        without = await room.submitted()
        assert "gas" not in [each.stored.order.department for each in room.orders(without.id)]
        there = await room.submitted(spot=IN_QIMING)
        assert [each.stored.order.department for each in room.orders(there.id)] == ["fire", "police", "gas"]
        wide = await room.submitted(spot=IN_QIMING | {"lat": 39.6, "lon": 85.43, "radius_m": 5000, "confidence": 0.9})
        assert len(room.orders(wide.id)) == 3, "it may lie there"
        elsewhere = await room.submitted(spot=IN_QIMING | {"lon": 85.49})
        assert len(room.orders(elsewhere.id)) == 2
        said = await room.submitted(areas=["qiming"])
        assert len(room.orders(said.id)) == 3, "what a person says of the area counts as well"


async def test_a_part_that_is_split_off_gets_its_own_orders(room: DeskRoom) -> None:
    incident = await room.submitted()
    did = await room.do("split", incident=incident.id, version=incident.version, changes={"type": "traffic-injury"})
    (new,) = did.done.others
    assert new.state is IncidentState.DISPATCHED
    assert new.version == room.incident(new.id).version
    assert did.done.incident.id == incident.id
    assert all(each.startswith(new.id) for each in did.orders)
    assert did.orders


async def test_a_draft_that_was_cancelled_and_is_reopened_is_ordered_then(room: DeskRoom) -> None:
    made = (await room.do("create", changes=FIRE)).done.incident
    ended = (await room.do("cancel", incident=made.id, version=made.version, result="mistake")).done.incident
    did = await room.do("reopen", incident=made.id, version=ended.version, words="doch")
    assert did.plans == ("house-fire",)
    assert did.done.incident.state is IncidentState.DISPATCHED


async def test_a_stale_amendment_changes_nothing_and_says_what_changed(room: DeskRoom) -> None:
    incident = await room.submitted()
    await room.do("amend", incident=incident.id, version=incident.version, changes={"grade": "III"})
    told = len(room.notifier.told)
    with pytest.raises(Stale) as stale:
        await room.do("amend", incident=incident.id, version=incident.version, changes={"trapped": 9})
    assert stale.value.code == "incident_changed"
    assert room.incident(incident.id).content.trapped is None
    assert len(room.notifier.told) == told


# By hand.


async def test_an_order_by_hand_is_spoken_as_it_is_written_and_says_who_gave_it(room: DeskRoom) -> None:
    incident = await room.submitted()
    id = await room.desk.order_by_hand(incident.id, "fire", "再派一辆云梯车 {place}", 45, ZHANG)
    assert id == f"{incident.id}.fire.2"
    order = room.notifier.told[-1]
    assert (order.id, order.text, order.deadline_s) == (id, "再派一辆云梯车 {place}", 45)
    by_hand = next(each for each in room.facts(incident.id) if each.type == "OrderedByHand")
    assert by_hand.subjects == {
        **{"order": id, "incident": incident.id, "department": "fire", "person": "zhang-wei", "seat": "seat-01"}
    }


async def test_the_same_key_orders_by_hand_once_across_lives(short_path: Path) -> None:
    async with desk_room(short_path) as room:
        incident = await room.submitted()
        first = await room.desk.order_by_hand(incident.id, "fire", "云梯车", None, ZHANG, "k1")
    async with desk_room(short_path) as room:
        assert await room.desk.order_by_hand(incident.id, "fire", "云梯车", None, ZHANG, "k1") == first
        assert [each.id for each in room.notifier.told] == [first], "nobody knows whether it was told"
        assert len(room.orders(incident.id)) == 3


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"department": "navy"}, "no_such_department"),
        ({"text": "  "}, "empty"),
        ({"text": "x" * 500}, "bad_text"),
        ({"text": "a\nb"}, "bad_text"),
        ({"deadline_s": 5}, "bad_deadline"),
        ({"incident": "nobody"}, "no_such_incident"),
    ],
)
async def test_an_order_by_hand_that_cannot_be_is_refused(room: DeskRoom, wrong: dict[str, Any], code: str) -> None:
    incident = await room.submitted()
    told = len(room.notifier.told)
    wanted = {"incident": incident.id, "department": "fire", "text": "云梯车", "deadline_s": None, "who": ZHANG} | wrong
    with pytest.raises(IncidentError) as refused:
        await room.desk.order_by_hand(**wanted)
    assert refused.value.code == code
    assert len(room.notifier.told) == told
    assert len(room.orders(incident.id)) == 2


async def test_a_draft_one_that_is_over_and_a_merged_one_order_nobody_by_hand(room: DeskRoom) -> None:
    draft = (await room.do("create", changes=FIRE)).done.incident
    one, other = await room.submitted(), await room.submitted()
    await room.do("merge", incident=other.id, version=other.version, into=one.id)
    for id, code in ((draft.id, "not_submitted"), (other.id, "incident_merged")):
        with pytest.raises(DeedRefused) as refused:
            await room.desk.order_by_hand(id, "gas", "关气", None, ZHANG)
        assert refused.value.code == code
    version = room.incident(one.id).version
    await room.do("close", incident=one.id, version=version, result="handled")
    with pytest.raises(DeedRefused) as refused:
        await room.desk.order_by_hand(one.id, "gas", "关气", None, ZHANG)
    assert refused.value.code == "incident_closed"


# What becomes of orders.


async def test_an_acknowledged_order_puts_its_incident_in_progress_in_the_same_commit(room: DeskRoom) -> None:
    incident = await room.submitted()
    order = f"{incident.id}.fire.1"
    await room.happens(fact.Acknowledged(order, 1, How.KEY, None, None, 10.0))
    assert room.incident(incident.id).state is IncidentState.IN_PROGRESS
    assert room.story(incident.id)[-2:] == ["Acknowledged", "IncidentInProgress"]


async def test_an_order_of_a_merged_incident_is_carried_out_for_both(room: DeskRoom) -> None:
    one, other = await room.submitted(), await room.submitted()
    await room.do("merge", incident=other.id, version=other.version, into=one.id)
    await room.happens(fact.Acknowledged(f"{other.id}.fire.1", 1, How.WORD, None, "li-na", 10.0))
    states = [room.incident(each).state for each in (one.id, other.id)]
    assert states == [IncidentState.IN_PROGRESS, IncidentState.IN_PROGRESS]


async def test_nobody_closes_an_incident_without_having_seen_the_last_report(room: DeskRoom) -> None:
    incident = await room.submitted()
    order = f"{incident.id}.fire.1"
    await room.happens(fact.Acknowledged(order, 1, How.REPORT, None, "phone", 10.0))
    seen = room.incident(incident.id)
    await room.happens(fact.FeedbackGiven(order, "f1", OrderState.ON_SCENE, "复燃", "phone"))
    with pytest.raises(Stale) as stale:
        await room.do("close", incident=incident.id, version=seen.version, result="handled")
    assert "IncidentFeedback" in room.story(incident.id)
    newest = room.facts(incident.id)[-1]
    assert (newest.type, newest.subjects["department"], newest.body["report"]) == (
        *("IncidentFeedback", "fire", "on-scene"),
    )
    assert newest.personal == {"words": "复燃"}
    assert stale.value.incident.state is IncidentState.IN_PROGRESS


async def test_nobody_closes_an_incident_without_having_seen_the_report_on_one_that_goes_on_in_it(
    room: DeskRoom,
) -> None:
    kept, middle, gone = [await room.submitted() for _ in range(3)]
    await room.do("merge", incident=gone.id, version=gone.version, into=middle.id)
    await room.do("merge", incident=middle.id, version=room.incident(middle.id).version, into=kept.id)
    order = f"{gone.id}.fire.1"
    await room.happens(fact.Acknowledged(order, 1, How.KEY, None, None, 10.0))
    seen = room.incident(kept.id)
    await room.happens(fact.FeedbackGiven(order, "f1", None, "屋内还有人", "phone"))
    with pytest.raises(Stale) as stale:
        await room.do("close", incident=kept.id, version=seen.version, result="handled")
    (report,) = stale.value.since
    assert (report.entry.type, report.entry.personal) == ("IncidentFeedback", {"words": "屋内还有人"})
    assert [room.story(each.id)[-1] for each in (gone, middle)] == ["IncidentFeedback"] * 2
    await room.do("close", incident=kept.id, version=stale.value.incident.version, result="handled")


async def test_words_that_were_only_spoken_are_a_report_as_well(room: DeskRoom) -> None:
    incident = await room.submitted()
    order = f"{incident.id}.fire.1"
    await room.happens(fact.FeedbackGiven(order, "call.1:words", None, "", "phone"))
    assert room.facts(incident.id)[-1].body["report"] == "left-words"


async def test_a_mark_that_the_record_does_not_take_holds_nothing_up(room: DeskRoom) -> None:
    incident = await room.submitted()
    await room.do("cancel", incident=incident.id, version=incident.version, result="mistake")
    order = f"{incident.id}.fire.1"
    await room.happens(fact.Acknowledged(order, 1, How.KEY, None, None, 10.0))
    assert "Acknowledged" in room.story(incident.id)
    assert room.incident(incident.id).state is IncidentState.CANCELLED


# The end.


async def test_the_orders_of_a_closed_incident_and_of_those_in_it_are_closed(room: DeskRoom) -> None:
    one, other = await room.submitted(), await room.submitted()
    await room.do("merge", incident=other.id, version=other.version, into=one.id)
    await room.do("close", incident=one.id, version=room.incident(one.id).version, result="handled")
    assert [(each.incident, each.by) for each in room.closed()] == [(one.id, "zhang-wei"), (other.id, "zhang-wei")]


async def test_a_life_that_ended_before_it_closed_the_orders_leaves_that_to_the_next(short_path: Path) -> None:
    async with desk_room(short_path) as room:
        incident, alive = await room.submitted(), await room.submitted()
        room.notifier.refuses = True
        closed = await room.do("close", incident=incident.id, version=incident.version, result="handled")
        assert closed.done.incident.state is IncidentState.CLOSED
    async with desk_room(short_path) as room:
        running = asyncio.create_task(room.desk.run())
        await until(lambda: room.notifier.wishes)
        running.cancel()
        await asyncio.wait([running])
        assert [each.incident for each in room.closed()] == [incident.id]
        assert room.desk.open == 1, f"{alive.id} is"


# Lost answers.


async def test_a_submission_that_is_sent_again_after_the_engine_died_is_done_once(short_path: Path) -> None:
    async with desk_room(short_path) as room:
        made = (await room.do("create", key="c1", changes=FIRE)).done.incident
        first = await room.do("submit", key="s1", incident=made.id, version=made.version)
    async with desk_room(short_path) as room:
        again = await room.do("create", key="c1", changes=FIRE)
        assert again.done.again
        assert again.done.incident.id == made.id
        second = await room.do("submit", key="s1", incident=made.id, version=made.version)
        assert second.done.again
        assert (set(second.orders), second.plans) == (set(first.orders), first.plans)
        assert len(room.orders(made.id)) == 2
        assert room.story(made.id).count("IncidentSubmitted") == 1


async def test_who_is_gone_before_his_deed_is_on_disk_has_it_done_and_told_all_the_same(room: DeskRoom) -> None:
    made = (await room.do("create", changes=FIRE)).done.incident
    wanting = asyncio.create_task(room.do("submit", incident=made.id, version=made.version))
    await asyncio.sleep(0)
    wanting.cancel()
    await asyncio.wait([wanting])
    assert wanting.cancelled()
    await until(lambda: len(room.notifier.told) == 2)
    assert room.incident(made.id).state is IncidentState.DISPATCHED


async def test_a_commit_of_which_nobody_knows_is_done_again_and_once(
    room: DeskRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = (await room.do("create", changes=FIRE)).done.incident
    decide, asked = room.journal.decide, 0

    async def unknown(work: Any) -> Any:
        nonlocal asked
        asked += 1
        done = await decide(work)
        if asked == 1:
            raise CommitUnknown("the line was cut")
        return done

    monkeypatch.setattr(room.journal, "decide", unknown)
    did = await room.do("submit", incident=made.id, version=made.version)
    assert asked == 2
    assert did.done.again
    assert len(room.orders(made.id)) == 2
    assert sorted(each.id for each in room.notifier.told) == sorted(did.orders)


@pytest.mark.parametrize("trouble", [NotCommitted("the disk is full"), Refusal.FULL])
async def test_what_is_not_written_down_is_refused_and_orders_nobody(
    room: DeskRoom, monkeypatch: pytest.MonkeyPatch, trouble: Any
) -> None:
    made = (await room.do("create", changes=FIRE)).done.incident

    async def broken(work: Any) -> Any:
        if isinstance(trouble, Exception):
            raise trouble
        return trouble

    with monkeypatch.context() as patched:
        patched.setattr(room.journal, "decide", broken)
        with pytest.raises(Refused) as refused:
            await room.do("submit", incident=made.id, version=made.version)
        assert refused.value.code == "not_written_down"
    assert room.notifier.told == []
    assert (await room.do("submit", incident=made.id, version=made.version)).orders


# What is said on the socket.


@pytest.mark.parametrize(
    ("name", "args", "code"),
    [
        ("fly", {}, "bad_request"),
        ("erase", {"incident": "a", "reason": "x"}, "bad_request"),
        ("amend", {"incident": "a"}, "bad_request"),
        ("amend", {"incident": "a", "version": "1", "changes": {}}, "bad_request"),
        ("amend", {"incident": "a", "version": True, "changes": {}}, "bad_request"),
        ("amend", {"incident": "a", "version": 1, "changes": []}, "bad_request"),
        ("note", {"incident": "a", "words": "x", "more": 1}, "bad_request"),
        ("note", {"incident": 5, "words": "x"}, "bad_request"),
        ("close", {"incident": "a", "version": 1, "result": "bored"}, "bad_result"),
        ("link-incident", {"incident": "a", "other": "b", "relationship": "aunt"}, "bad_request"),
        ("split", {"incident": "a", "version": 1, "changes": {}, "calls": "c"}, "bad_request"),
        ("create", {"incident": "../a"}, "bad_id"),
        ("create", {"incident": "a.b"}, "bad_id"),
        ("create", {"incident": "20261125-0007"}, "bad_id"),
        ("split", {"incident": "a", "version": 1, "changes": {}, "new": "20261125-0007"}, "bad_id"),
    ],
)
async def test_a_deed_that_makes_no_sense_is_refused(
    room: DeskRoom, name: str, args: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        await room.do(name, **args)
    assert refused.value.code == code


async def test_the_rest_of_the_deeds_does_what_it_says(room: DeskRoom) -> None:
    one, other = await room.submitted(), await room.submitted()
    for name, more in (
        ("link-call", {"call": "c.1", "caller": "13800000001"}),
        ("unlink-call", {"call": "c.1"}),
        ("link-incident", {"other": other.id, "relationship": "child"}),
        ("unlink-incident", {"other": other.id}),
        ("note", {"words": "已通知物业"}),
    ):
        did = await room.do(name, incident=one.id, **more)
        assert did.done.facts, name
        assert (did.plans, did.orders) == ((), ())
    merged = await room.do("merge", incident=other.id, version=room.incident(other.id).version, into=one.id)
    assert merged.done.incident.merged_into == one.id
    assert (await room.do("unmerge", incident=other.id)).done.incident.merged_into is None
