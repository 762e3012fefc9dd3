"""What is wanted of the engine about incidents, orders and recordings, on its socket; Asterisk is rehearsed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from console.incident import IncidentRecord
from console.state import Tell
from dispatch.command import TellDispatcher
from dispatch.notification import Why
from journal import facts_of, newest_about
from liandong.showing import order_tell
from tests.edge_room import until
from tests.engine_house import BY, SEAT, WHO, House, house
from tests.incident_desk_room import FIRE

TAKER = {"by": "call-taker"}


@pytest.fixture
async def engine(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    async with house(short_path, monkeypatch) as living:
        yield living


async def made(engine: House, **more: Any) -> dict[str, Any]:
    reply = await engine.wants("incident", deed="create", args={"changes": FIRE}, **TAKER, **more)
    incident: dict[str, Any] = reply["incident"]
    return incident


async def test_a_deed_answers_with_the_whole_record_and_tells_its_facts(engine: House) -> None:
    incident = await made(engine)
    record = IncidentRecord.model_validate(incident)
    assert (record.state, record.version, record.created_by, record.content.place) == (
        *("draft", 1, "call-taker", FIRE["place"]),
    )
    did = await engine.wants("incident", deed="submit", args={"incident": record.id, "version": 1}, **TAKER)
    assert set(did) == {"incident", "others", "again", "orders", "plans"}
    assert (did["incident"]["state"], did["again"], did["others"]) == ("dispatched", False, [])
    await until(lambda: "Submitted" in [what for _, what in engine.facts()])
    await until(lambda: engine.engine._casework.incidents.open == 1)
    assert (await engine.wants("status"))["incidents_open"] == 1


async def test_who_sits_at_the_seat_is_who_does_it(engine: House) -> None:
    assert await engine.refuses("incident", deed="create", args={}, seat=SEAT, **TAKER) == "nobody_signed_in"
    await engine.wants("sign-in", seat=SEAT, person=WHO, pin=None, **BY)
    incident = await made(engine, seat=SEAT)
    assert incident["created_by"] == WHO
    (fact,) = newest_about(engine.journal.reader, "incident", incident["id"], "IncidentCreated")
    assert (fact.subjects["person"], fact.subjects["seat"]) == (WHO, SEAT)


async def test_the_preview_tells_plan_reasons_orders_and_checklist(engine: House) -> None:
    incident = await made(engine)
    (plan,) = (await engine.wants("plans", incident=incident["id"]))["plans"]
    assert (plan["id"], plan["version"], plan["priority"]) == ("house-fire", 1, 7)
    assert plan["why"] == ["types: house-fire (house-fire|vehicle-fire|outdoor-fire)"]
    assert [each["department"] for each in plan["orders"]] == ["fire", "police"]
    assert plan["orders"][0]["deadline_s"] == 90
    assert set(plan["name"]) == set(plan["checklist"][0]) == {"zh", "en"}
    (other,) = (await engine.wants("plans", incident=incident["id"], changes={"trapped": 1}))["plans"]
    assert other["id"] == "major-fire"
    assert await engine.refuses("plans", incident="nobody") == "no_such_incident"
    assert await engine.refuses("plans", incident=incident["id"], changes={"colour": "red"}) == "unknown_field"


async def test_codes_of_the_record_come_through_as_they_are(engine: House) -> None:
    incident = await made(engine)
    id = incident["id"]

    async def refused(deed: str, **args: Any) -> str:
        return await engine.refuses("incident", deed=deed, args=args, **TAKER)

    assert await refused("amend", incident=id, version=1, changes={"grade": "V"}) == "bad_grade"
    assert await refused("amend", incident="nobody", version=1, changes={}) == "no_such_incident"
    assert await refused("close", incident=id, version=1, result="handled") == "not_submitted"
    assert await refused("create", incident=id) == "incident_exists"
    await engine.wants(
        "incident", deed="amend", args={"incident": id, "version": 1, "changes": {"trapped": 1}}, **TAKER
    )
    assert await refused("amend", incident=id, version=1, changes={"trapped": 2}) == "incident_changed"


BAD: list[tuple[str, dict[str, Any]]] = [
    ("incident", {}),
    ("incident", {"deed": "create", "args": {}}),
    ("incident", {"deed": "create", "args": [], "by": "x"}),
    ("incident", {"deed": "create", "args": {}, "by": "x", "key": 7}),
    ("incident", {"deed": "create", "args": {}, "by": "席位"}),
    ("incident", {"deed": "create", "args": {}, "by": "x", "seat": []}),
    ("plans", {}),
    ("plans", {"incident": "a", "changes": 5}),
    ("order", {}),
    ("order", {"order": "a", "wish": "dance", "by": "x"}),
    ("order", {"order": "a", "wish": "cancel", "reason": 5, "by": "x"}),
    ("order-by-hand", {"incident": "a", "department": "fire", "text": "x", "by": "x", "deadline_s": "60"}),
    ("order-by-hand", {"incident": "a", "department": "fire", "text": "x", "by": "x", "deadline_s": True}),
    ("order-by-hand", {"incident": "a", "department": "fire", "by": "x"}),
    ("locate", {"call": "a b", "lat": 1, "lon": 1, "by": "x"}),
    ("locate", {"call": "a", "lat": True, "lon": 1, "by": "x"}),
    ("caller", {}),
    ("audit", {"what": "recording-burned", "by": "x"}),
    ("audit", {"what": "recording-played", "by": "x"}),
    ("audit", {"what": "recordings-listed", "query": [], "by": "x"}),
]


async def test_what_makes_no_sense_is_refused_and_writes_nothing(engine: House) -> None:
    for want, args in BAD:
        assert await engine.refuses(want, **args) == "bad_request", (want, args)
    assert engine.facts() == []
    assert not engine.running.done()


async def test_who_listened_to_what_is_on_disk_before_it_is_answered(engine: House) -> None:
    await engine.wants("sign-in", seat=SEAT, person=WHO, pin=None, **BY)
    played = await engine.wants("audit", what="recording-played", call="c.1", seat=SEAT, by="supervisor")
    (fact,) = facts_of(engine.journal.reader, "RecordingPlayed")
    assert (fact.id, fact.subjects) == (played["fact"], {"call": "c.1", "person": WHO, "seat": SEAT})
    await engine.wants("audit", what="recordings-listed", query={"incident": "a1", "limit": 5}, by="supervisor")
    (fact,) = facts_of(engine.journal.reader, "RecordingsListed")
    assert (fact.body["by"], fact.personal) == ("supervisor", {"query": {"incident": "a1", "limit": "5"}})


def test_a_dispatcher_is_told_of_which_order() -> None:
    wanted = TellDispatcher("a1.fire.1", "a1", "fire", Why.DEADLINE, 2)
    assert order_tell(wanted) == Tell(
        about="order-deadline", order="a1.fire.1", incident="a1", department="fire", times=2
    )
