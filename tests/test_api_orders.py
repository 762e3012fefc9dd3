"""Orders over HTTP, with the engine's own notifier behind it: what a dispatcher wishes, and what departments report."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api_room import DISPATCHER, SUPERVISOR, TAKER, Api, open_api
from tests.console_room import until
from tests.engine_house import SEAT, WHO

FIRE = {"type": "house-fire", "place": "启明区晨光路12号", "summary": "三楼冒烟", "called": "119", "form": "fire"}


@pytest.fixture
async def api(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    async with open_api(short_path, monkeypatch) as opened:
        await until(lambda: opened.house.engine._casework.notifier.ready)
        yield opened


async def ordered(api: Api) -> list[Any]:
    """An incident is submitted; its orders."""
    made = (await api.json("POST", "/incidents", {"changes": FIRE}))["incident"]
    await api.json("POST", f"/incidents/{made['id']}/submit", {"version": made["version"]})
    return list((await api.json("GET", f"/incidents/{made['id']}/orders"))["orders"])


async def test_an_order_is_told_with_its_text_its_ladder_and_its_deadline(api: Api) -> None:
    orders = await ordered(api)
    order = orders[0]
    assert (order["progress"], order["state"], order["round"], order["plan"]) == ("issued", "calling", 1, "house-fire")
    assert FIRE["place"] in order["text"] and order["ladder"]["lines"][0]["number"] and order["due"] is not None
    assert (order["acknowledged_at"], order["how"], order["reports"]) == (None, None, [])
    listed = (await api.json("GET", "/orders", role=TAKER))["orders"]
    assert [each["id"] for each in listed] == [each["id"] for each in orders]
    await until(lambda: "AttemptDecided" in [what for _, what in api.house.facts()])
    told = await api.json("GET", f"/orders/{order['id']}")
    assert told["attempts"][0]["id"] == f"{order['id']}-1"
    assert told["attempts"][0]["line"] == order["ladder"]["lines"][0]["number"]
    assert (await api.json("GET", f"/orders/code/{order['code']}"))["id"] == order["id"]


async def test_a_departments_word_acknowledges_and_its_reports_are_taken_down(api: Api) -> None:
    order = (await ordered(api))[0]
    path = f"/orders/{order['id']}"
    told = await api.json("POST", f"{path}/word", role=DISPATCHER)
    assert (told["progress"], told["state"], told["how"], told["due"]) == ("acknowledged", "acknowledged", "word", None)
    assert told["id"] not in {each["id"] for each in (await api.json("GET", "/orders"))["orders"]}
    assert await api.refused("POST", f"{path}/word", role=DISPATCHER) == (409, "acknowledged_already")
    said = {"progress": "on-scene", "words": "两车已到场，正在救人"}
    for _ in range(2):
        told = await api.json("POST", f"{path}/feedback", said, role=DISPATCHER, key="report-1")
    assert told["progress"] == "on-scene"
    assert [(each["words"], each["progress"]) for each in told["reports"]] == [(said["words"], "on-scene")]
    assert await api.refused("POST", f"{path}/again", role=DISPATCHER) == (409, "under_way")
    other = said | {"words": "又有一人被困"}
    assert await api.refused("POST", f"{path}/feedback", other, role=DISPATCHER, key="report-1") == (409, "key_used")
    for _ in range(2):
        told = await api.json("POST", f"{path}/feedback", {"progress": "done"}, role=DISPATCHER, key="report-2")
        assert (told["progress"], len(told["reports"])) == ("done", 2)
    answer = await api.refused("POST", f"{path}/feedback", {"progress": "en-route"}, role=DISPATCHER)
    assert answer in ((409, "order_done"), (409, "order_over"))


async def test_an_order_is_taken_back_and_given_again(api: Api) -> None:
    first, second = (await ordered(api))[:2]
    path = f"/orders/{first['id']}"
    assert await api.refused("POST", f"{path}/again", role=DISPATCHER) == (409, "still_calling")
    await api.json("POST", f"{path}/word", {}, role=SUPERVISOR)
    told = await api.json("POST", f"{path}/again", role=DISPATCHER)
    assert (told["progress"], told["state"], told["round"]) == ("issued", "calling", 2)
    told = await api.json("POST", f"{path}/cancel", {"reason": "现场已控制"}, role=DISPATCHER)
    assert (told["progress"], told["state"]) == ("cancelled", "cancelled")
    assert (await api.json("POST", f"/orders/{second['id']}/cancel", role=DISPATCHER))["progress"] == "cancelled"
    answer = await api.refused("POST", f"{path}/again", role=DISPATCHER)
    assert answer in ((409, "order_cancelled"), (409, "order_over"))


async def test_a_department_is_ordered_by_hand_once(api: Api) -> None:
    incident = (await ordered(api))[0]["incident"]
    body = {"department": "water", "text": "晨光路12号{消防栓}无水，请加压", "deadline_s": 60}
    told = [
        await api.json("POST", f"/incidents/{incident}/orders", body, role=DISPATCHER, key="by-hand-1")
        for _ in range(2)
    ]
    assert told[0]["id"] == told[1]["id"] == f"{incident}.water.1"
    assert (told[0]["plan"], told[0]["by"], told[0]["deadline_s"]) == (None, "dispatcher", 60)
    assert body["text"] in told[0]["text"]
    path = f"/incidents/{incident}/orders"
    for other in ({"department": "gas"}, {"text": "晨光路12号请关气"}, {"deadline_s": 90}):
        assert await api.refused("POST", path, body | other, role=DISPATCHER, key="by-hand-1") == (409, "key_used")
    for bad, code in (
        ({"department": "no-such"}, "no_such_department"),
        ({"text": " "}, "empty"),
        ({"deadline_s": 5}, "invalid"),
        ({"text": "x" * 401}, "invalid"),
        ({"more": 1}, "invalid"),
    ):
        assert await api.refused("POST", path, body | bad, role=DISPATCHER) == (422, code), bad
    draft = (await api.json("POST", "/incidents", {"changes": FIRE}))["incident"]
    assert await api.refused("POST", f"/incidents/{draft['id']}/orders", body, role=DISPATCHER) == (
        409,
        "not_submitted",
    )
    assert await api.refused("POST", "/incidents/none/orders", body, role=DISPATCHER) == (404, "no_such_incident")


async def test_closing_an_incident_takes_its_open_orders_back(api: Api) -> None:
    order = (await ordered(api))[0]
    now = await api.json("GET", f"/incidents/{order['incident']}")
    over = {"version": now["version"], "result": "handled"}
    await api.json("POST", f"/incidents/{order['incident']}/close", over, role=DISPATCHER)
    assert (await api.json("GET", "/orders"))["orders"] == []
    assert await api.refused("GET", f"/orders/code/{order['code']}") == (404, "no_such_order")
    assert (await api.json("GET", f"/orders/{order['id']}"))["progress"] == "cancelled"


async def test_who_rang_for_an_incident_that_was_cancelled_by_mistake_rings_again_when_it_is_reopened(api: Api) -> None:
    orders = await ordered(api)
    path = f"/incidents/{orders[0]['incident']}"
    word = await api.json("POST", f"/orders/{orders[0]['id']}/word", role=DISPATCHER)
    now = await api.json("GET", path)
    await api.json("POST", f"{path}/cancel", {"version": now["version"], "result": "mistake"}, role=DISPATCHER)
    assert (await api.json("GET", "/orders"))["orders"] == []
    (plan,) = (await api.json("GET", f"{path}/plans/preview"))["plans"]
    anew = {each["department"] for each in plan["orders"]}
    assert anew == {each["department"] for each in orders} - {word["department"]}
    now = await api.json("GET", path)
    done = await api.json("POST", f"{path}/reopen", {"version": now["version"], "words": "误取消"}, role=DISPATCHER)
    ringing = (await api.json("GET", "/orders"))["orders"]
    assert [each["id"] for each in ringing] == done["orders"]
    assert {each["department"] for each in ringing} == anew


async def test_orders_are_a_dispatchers_and_a_supervisors(api: Api) -> None:
    order = (await ordered(api))[0]
    acts: tuple[tuple[str, Any], ...] = (
        ("again", None),
        ("cancel", None),
        ("word", None),
        ("feedback", {"words": "x"}),
    )
    for act, body in acts:
        path = f"/orders/{order['id']}/{act}"
        assert await api.refused("POST", path, body, role=TAKER) == (403, "forbidden")
        assert await api.refused("POST", path, body, role=None) == (401, "unauthorized")
        assert await api.refused("POST", f"/orders/none/{act}", body, role=DISPATCHER) == (404, "no_such_order")
        at = {"seat": SEAT, **(body or {})}
        assert await api.refused("POST", path, at, role=DISPATCHER) == (409, "nobody_signed_in")
    hand = {"department": "water", "text": "x"}
    assert await api.refused("POST", f"/incidents/{order['incident']}/orders", hand) == (403, "forbidden")
    await api.house.wants("sign-in", seat=SEAT, person=WHO, pin=None, by="supervisor")
    told = await api.json("POST", f"/orders/{order['id']}/feedback", {"seat": SEAT, "words": "收到"}, role=DISPATCHER)
    assert told["reports"][0]["by"] == WHO
    for path in ("/orders", f"/orders/{order['id']}", f"/orders/code/{order['code']}"):
        assert await api.refused("GET", path, role=None) == (401, "unauthorized")


async def test_what_cannot_be_a_report_is_refused(api: Api) -> None:
    order = (await ordered(api))[0]
    path = f"/orders/{order['id']}/feedback"
    for body, status, code in (
        ({}, 422, "empty"),
        ({"words": " "}, 422, "empty"),
        ({"progress": "declined"}, 422, "no_progress"),
        ({"progress": "flying"}, 422, "invalid"),
        ({"words": "x" * 4_001}, 422, "invalid"),
        ({"words": "x" * 2_001}, 422, "too_long"),
        ({"words": "\x07"}, 422, "bad_text"),
        ({"words": "半\ud83d"}, 422, "invalid"),
        ({"more": 1}, 422, "invalid"),
    ):
        assert await api.refused("POST", path, body, role=DISPATCHER) == (status, code), json.dumps(body)[:60]
    assert await api.refused("GET", "/orders/code/12a") == (422, "invalid")
    assert await api.refused("GET", f"/orders/{'x' * 129}") == (422, "invalid")
    assert (await api.json("GET", f"/orders/{order['id']}"))["reports"] == []
