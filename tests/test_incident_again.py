"""Requests that are sent again: what was done is answered as done, and a key that names another request as used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from intake.incident import DeedRefused, Erase, Who, book
from journal import CommitUnknown
from journal.instant import utc_now
from liandong.marking import DISPATCH
from tests.incident_desk_room import FIRE, ZHANG, DeskRoom, desk_room

CALL_TAKER = Who("call-taker", person=False)
LI = Who("li-na", seat="seat-02")


@pytest.fixture
async def room(short_path: Path) -> AsyncIterator[DeskRoom]:
    async with desk_room(short_path) as living:
        yield living


async def refused(room: DeskRoom, name: str, **args: Any) -> str:
    with pytest.raises(DeedRefused) as found:
        await room.do(name, **args)
    return found.value.code


DEEDS: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("amend", {"version": 3, "changes": {"grade": "II"}}, {"changes": {"trapped": 3}}),
    ("amend", {"version": 3, "changes": {"callback": "13800000001"}}, {"changes": {"callback": "13800000002"}}),
    ("note", {"words": "门卫来电"}, {"words": "屋内还有人"}),
    ("close", {"version": 3, "result": "handled"}, {"words": "复燃"}),
    ("cancel", {"version": 3, "result": "mistake"}, {"result": "test"}),
    ("link-call", {"call": "c.1"}, {"call": "c.2"}),
    ("link-incident", {"other": "OTHER"}, {"relationship": "child"}),
    ("merge", {"version": 3, "into": "OTHER"}, {"version": 4}),
    ("split", {"version": 3, "changes": {}}, {"changes": {"place": "启明区晨光路14号"}}),
    ("split", {"version": 3, "changes": {}, "new": "a1"}, {"new": "a2"}),
)


@pytest.mark.parametrize(("name", "args", "otherwise"), DEEDS)
async def test_a_key_names_one_request_and_no_other_one_is_answered_as_done(
    room: DeskRoom, name: str, args: dict[str, Any], otherwise: dict[str, Any]
) -> None:
    incident, other = await room.submitted(), await room.submitted()
    args = {key: other.id if value == "OTHER" else value for key, value in args.items()}
    asked = {"key": "k1", "incident": incident.id, **args}
    first = await room.do(name, **asked)
    assert not first.done.again
    again = await room.do(name, **asked)
    assert (again.done.again, again.done.incident) == (True, first.done.incident)
    assert again.done.others == first.done.others
    story = room.story(incident.id)
    for wrong in (otherwise, {"incident": other.id}, {"who": LI}):
        assert await refused(room, name, **(asked | wrong)) == "key_used", wrong
    assert room.story(incident.id) == story


async def test_two_consoles_that_count_their_forms_alike_do_not_lose_the_second_report(room: DeskRoom) -> None:
    await room.do("create", key="form-7", who=CALL_TAKER, changes=FIRE)
    theirs = FIRE | {"place": "启明区民安路3号"}
    assert await refused(room, "create", key="form-7", who=CALL_TAKER, changes=theirs) == "key_used"
    assert await refused(room, "create", key="form-7", changes=FIRE) == "key_used", "it is another person"
    made = await room.do("create", key="4f9a", who=CALL_TAKER, changes=theirs)
    assert made.done.incident.content.place == "启明区民安路3号"


async def test_a_number_that_became_known_meanwhile_makes_no_other_request(room: DeskRoom) -> None:
    first = await room.do("create", key="k1", changes=FIRE, call="c.1")
    again = await room.do("create", key="k1", changes=FIRE, call="c.1", caller="13800000001")
    assert (again.done.again, again.done.incident.id) == (True, first.done.incident.id)


@pytest.mark.parametrize(
    "otherwise", [{"department": "gas"}, {"text": "关气"}, {"deadline_s": 60}, {"who": LI}, {"incident": "OTHER"}]
)
async def test_a_second_order_by_hand_with_the_key_of_the_first_is_not_said_to_be_given(
    room: DeskRoom, otherwise: dict[str, Any]
) -> None:
    incident, other = await room.submitted(), await room.submitted()
    asked = {"incident": incident.id, "department": "fire", "text": "云梯车", "deadline_s": None, "who": ZHANG}
    first = await room.desk.order_by_hand(**asked, key="k1")
    assert await room.desk.order_by_hand(**asked, key="k1") == first
    wrong = asked | otherwise | ({"incident": other.id} if "incident" in otherwise else {})
    with pytest.raises(DeedRefused) as found:
        await room.desk.order_by_hand(**wrong, key="k1")
    assert found.value.code == "key_used"
    assert len(room.orders(incident.id)) == 3
    assert len(room.orders(other.id)) == 2


async def test_what_was_written_by_an_older_version_is_answered_as_done(
    room: DeskRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = await room.submitted()
    with monkeypatch.context() as patched:
        patched.setattr(book, "digest", lambda asked: "")
        await room.do("close", key="k1", incident=incident.id, version=incident.version, result="handled")
    assert room.facts(incident.id)[-1].personal is None
    again = await room.do("close", key="k1", incident=incident.id, version=incident.version, result="handled")
    assert again.done.again
    closed = {"incident": incident.id, "version": incident.version, "result": "handled"}
    assert await refused(room, "close", key="k1", who=LI, **closed) == "key_used"


async def test_what_was_asked_is_forgotten_with_the_persons(room: DeskRoom) -> None:
    made = (await room.do("create", key="k1", changes={"type": "house-fire"})).done.incident
    assert made.content.callback == "", "the record says nothing about persons"
    over = (await room.do("cancel", key="k2", incident=made.id, version=1, result="mistake")).done.incident
    assert all(each.personal for each in room.facts(made.id))

    erase = Erase(over.id, "30 days")
    await room.journal.decide(lambda unit: room.book.do(unit, erase, DISPATCH, utc_now()))
    assert [each.personal for each in room.facts(made.id)] == [None] * 3
    assert (await room.do("create", key="k1", changes={"type": "house-fire"})).done.again


async def test_a_split_that_is_sent_again_tells_of_the_new_one_and_its_orders(room: DeskRoom) -> None:
    incident = await room.submitted()
    asked = {"incident": incident.id, "version": incident.version, "changes": {"type": "traffic-injury"}}
    first = await room.do("split", key="k1", **asked)
    again = await room.do("split", key="k1", **asked)
    assert again.done.others == first.done.others
    assert (again.plans, set(again.orders)) == (first.plans, set(first.orders))
    assert all(each.startswith(first.done.others[0].id) for each in again.orders)


async def test_a_split_of_which_nobody_knows_rings_at_once(room: DeskRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = await room.submitted()
    room.notifier.told.clear()
    decide = room.journal.decide

    async def unknown(work: Any) -> Any:
        monkeypatch.undo()
        await decide(work)
        raise CommitUnknown("the line was cut")

    monkeypatch.setattr(room.journal, "decide", unknown)
    asked = {"incident": incident.id, "version": incident.version, "changes": {"type": "traffic-injury"}}
    did = await room.do("split", **asked)
    assert did.done.again
    (new,) = did.done.others
    assert {each.incident for each in room.notifier.told} == {new.id}
    assert sorted(each.id for each in room.notifier.told) == sorted(did.orders)
