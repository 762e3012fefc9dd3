"""Incidents over HTTP, with the engine's own desk behind it: what people do with a record, and what they are told."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api_room import DISPATCHER, SUPERVISOR, TAKER, Api, open_api
from tests.console_room import until
from tests.engine_house import SEAT, WHO

FIRE = {
    "type": "house-fire",
    "place": "启明区晨光路12号",
    "summary": "三楼冒烟，两人被困",
    "called": "119",
    "form": "fire",
}
SPOT = {"lat": 39.61234, "lon": 85.38123, "source": "call-taker", "at": "2026-11-25T15:15:00.000000Z"}


@pytest.fixture
async def api(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    async with open_api(short_path, monkeypatch) as opened:
        yield opened


async def begun(api: Api, **more: Any) -> Any:
    """A draft."""
    return (await api.json("POST", "/incidents", {"changes": FIRE, **more}))["incident"]


async def submitted(api: Api, **more: Any) -> Any:
    """An incident that is somebody's affair."""
    made = await begun(api, **more)
    done = await api.json("POST", f"/incidents/{made['id']}/submit", {"version": made["version"]})
    return done["incident"]


async def test_a_record_is_begun_amended_submitted_and_closed(api: Api) -> None:
    answer = await api.ask("POST", "/incidents", {"changes": FIRE})
    made = answer.json["incident"]
    assert (answer.status, made["state"], made["version"], made["created_by"]) == (201, "draft", 1, "call-taker")
    assert answer.headers["location"] == f"/api/v1/incidents/{made['id']}"
    assert made["content"]["place"] == FIRE["place"]
    path = f"/incidents/{made['id']}"
    done = await api.json("PATCH", path, {"version": 1, "changes": {"grade": "II", "trapped": 2, "spot": SPOT}})
    assert (done["incident"]["version"], done["incident"]["content"]["spot"]["lat"]) == (2, SPOT["lat"])
    done = await api.json("POST", f"{path}/submit", {"version": 2, "changes": {"flags": ["trapped"]}})
    assert done["plans"] and done["incident"]["state"] == "dispatched"
    orders = (await api.json("GET", f"{path}/orders"))["orders"]
    assert [each["id"] for each in orders] == done["orders"]
    assert FIRE["place"] in orders[0]["text"]
    plans = (await api.json("GET", f"{path}/plans"))["plans"]
    assert [each["plan"]["id"] for each in plans] == done["plans"] and plans[0]["why"]
    over = {"version": done["incident"]["version"], "result": "handled", "words": "明火已扑灭"}
    done = await api.json("POST", f"{path}/close", over, role=DISPATCHER)
    assert (done["incident"]["state"], done["incident"]["result"], done["incident"]["open"]) == (
        "closed",
        "handled",
        False,
    )
    told = await api.json("GET", f"{path}/history")
    whats = [each["what"] for each in told["entries"]]
    assert whats[:2] == ["Created", "Amended"] and {"Submitted", "OrderIssued", "Closed"} <= set(whats)
    assert told["entries"][1]["changes"]["grade"] == {"before": "IV", "after": "II"}
    assert told["entries"][-1]["by"] == "dispatcher"
    page = await api.json("GET", f"{path}/history?after={told['entries'][0]['sequence']}&limit=1")
    assert [each["what"] for each in page["entries"]] == ["Amended"] and page["more"]


async def test_a_record_is_found_by_its_id_and_by_its_number_as_people_say_it(api: Api) -> None:
    made = await begun(api)
    assert await api.json("GET", f"/incidents/{made['number']}", role=DISPATCHER) == made
    done = await api.json("POST", f"/incidents/{made['number']}/notes", {"words": "来电人情绪激动"}, role=DISPATCHER)
    assert done["incident"]["version"] == 2
    for none in ("none", "20000101-0001"):
        for path in ("", "/history", "/orders", "/plans", "/plans/preview"):
            assert await api.refused("GET", f"/incidents/{none}{path}") == (404, "no_such_incident")
        assert await api.refused("POST", f"/incidents/{none}/notes", {"words": "x"}) == (404, "no_such_incident")


async def test_the_records_are_listed_by_state_day_and_number(api: Api) -> None:
    first = await begun(api)
    other = await submitted(api, changes=FIRE | {"callback": "0900-5551 0001"})
    third = await begun(api)
    over = {"version": third["version"], "result": "mistake"}
    await api.json("POST", f"/incidents/{third['id']}/cancel", over)

    async def found(query: str) -> list[str]:
        return [each["id"] for each in (await api.json("GET", f"/incidents{query}"))["incidents"]]

    assert await found("") == [third["id"], other["id"], first["id"]]
    assert await found("?state=open") == await found("?number=55510001") == [other["id"]]
    assert (await found("?state=draft"), await found("?state=over")) == ([first["id"]], [third["id"]])
    assert await found(f"?day={first['number'][:8]}&limit=1") == [third["id"]]
    assert await found(f"?before={other['number']}") == [first["id"]]
    assert await found("?day=20000101") == await found("?number=anonymous") == []
    assert (await api.json("GET", "/incidents?limit=2"))["more"] is True
    for query in ("state=lost", "day=2026-11-25", "limit=0", "limit=201", "before=x"):
        assert await api.refused("GET", f"/incidents?{query}") == (422, "invalid"), query


async def test_who_was_not_first_is_shown_the_record_and_what_was_done_since(api: Api) -> None:
    made = await begun(api)
    path = f"/incidents/{made['id']}"
    await api.json("PATCH", path, {"version": 1, "changes": {"grade": "II"}})
    await api.json("POST", f"{path}/notes", {"words": "门卫来电"})
    answer = await api.ask("PATCH", path, {"version": 1, "changes": {"grade": "IV"}})
    assert (answer.status, answer.code) == (409, "incident_changed")
    assert answer.json["incident"] == await api.json("GET", path)
    assert answer.json["incident"]["content"]["grade"] == "II"
    assert [(each["what"], each["version"]) for each in answer.json["since"]] == [("Amended", 2), ("Noted", 3)]
    assert answer.json["since"][0]["changes"] == {"grade": {"before": "IV", "after": "II"}}
    assert (await api.json("PATCH", path, {"version": 3, "changes": {"grade": "IV"}}))["incident"]["version"] == 4


async def test_a_request_that_is_sent_again_is_done_once(api: Api) -> None:
    body = {"changes": FIRE}
    first, again = [await api.json("POST", "/incidents", body, key="form-7") for _ in range(2)]
    assert (first["again"], again["again"], first["incident"]["id"]) == (False, True, again["incident"]["id"])
    path = f"/incidents/{first['incident']['id']}/submit"
    done = [await api.json("POST", path, {"version": 1}, key='"submit-7"') for _ in range(2)]
    assert [each["again"] for each in done] == [False, True]
    assert done[0]["orders"] == done[1]["orders"] != []
    assert len((await api.json("GET", "/incidents"))["incidents"]) == 1
    other = await begun(api)
    refused = await api.refused("POST", f"/incidents/{other['id']}/submit", {"version": 1}, key="submit-7")
    assert refused == (409, "key_used")
    theirs = {"changes": FIRE | {"place": "启明区民安路3号"}}
    assert await api.refused("POST", "/incidents", theirs, key="form-7") == (409, "key_used")
    assert await api.refused("POST", "/incidents", body, key="form-7", role=SUPERVISOR) == (409, "key_used")
    for key in ("x" * 65, "a b", "消防", '"'):
        data = json.dumps(body).encode()
        assert (await api.refused("POST", "/incidents", data=data, key=key))[0] == 422, key


async def test_what_belongs_together_is_linked_merged_and_split(api: Api) -> None:
    call = api.house.telephones.comes("13800000007")
    kept, twin = await submitted(api, call=call), await submitted(api)
    path = f"/incidents/{twin['id']}"
    done = await api.json("POST", f"{path}/calls", {"call": call})
    assert [(each["call"], each["by"]) for each in done["incident"]["calls"]] == [(call, "call-taker")]
    done = await api.json("DELETE", f"{path}/calls/{call}")
    assert done["incident"]["calls"] == []
    assert (await api.json("DELETE", f"{path}/calls/{call}"))["incident"] == done["incident"]
    link = {"other": kept["number"], "relationship": "parent"}
    done = await api.json("POST", f"{path}/links", link)
    assert done["incident"]["links"] == [{"other": kept["id"], "relationship": "parent"}]
    done = await api.json("DELETE", f"{path}/links/{kept['number']}")
    assert done["incident"]["links"] == []
    version = done["incident"]["version"]
    done = await api.json("POST", f"{path}/merge", {"version": version, "into": kept["number"]}, role=DISPATCHER)
    assert done["incident"]["merged_into"] == kept["id"]
    assert [each["id"] for each in done["others"]] == [kept["id"]]
    refused = await api.refused("PATCH", path, {"version": version + 1, "changes": {"grade": "I"}})
    assert refused == (409, "incident_merged")
    done = await api.json("POST", f"{path}/unmerge", role=DISPATCHER)
    assert done["incident"]["merged_into"] is None
    assert await api.refused("POST", f"{path}/unmerge", role=DISPATCHER) == (409, "not_merged")
    foreign = {"version": done["incident"]["version"], "changes": {}, "calls": [call]}
    assert await api.refused("POST", f"{path}/split", foreign) == (409, "call_not_linked")
    now = await api.json("GET", f"/incidents/{kept['id']}")
    split = {"version": now["version"], "changes": {"place": "启明区晨光路14号"}, "calls": [call]}
    done = await api.json("POST", f"/incidents/{kept['id']}/split", split, key="split-1")
    (new,) = done["others"]
    again = await api.json("POST", f"/incidents/{kept['id']}/split", split, key="split-1")
    assert again == done | {"again": True, "orders": again["orders"]}
    assert set(again["orders"]) == set(done["orders"])
    assert (new["split_from"], [each["call"] for each in new["calls"]]) == (kept["id"], [call])
    over = {"version": new["version"], "result": "handled"}
    done = await api.json("POST", f"/incidents/{new['id']}/close", over)
    again = {"version": done["incident"]["version"], "words": "复燃"}
    assert (await api.json("POST", f"/incidents/{new['id']}/reopen", again))["incident"]["open"] is True
    for body in ({**again, "version": 99}, again):
        assert (await api.refused("POST", f"/incidents/{new['id']}/reopen", body))[0] == 409


async def test_what_would_start_is_shown_and_nothing_is_written(api: Api) -> None:
    made = await begun(api)
    path = f"/incidents/{made['id']}/plans/preview"
    (plan,) = (await api.json("GET", path, role=DISPATCHER))["plans"]
    assert plan["id"] == "house-fire" and plan["orders"] and plan["why"]
    told = await api.json("POST", path, {"changes": {"type": "power-cut", "grade": "II"}})
    assert [each["id"] for each in told["plans"]] != ["house-fire"]
    assert await api.refused("POST", path, {"changes": {"type": "no-such"}}) == (422, "unknown_type")
    assert await api.json("GET", f"/incidents/{made['id']}") == made


async def test_with_a_seat_it_is_the_person_there_who_does_it(api: Api) -> None:
    assert await api.refused("POST", "/incidents", {"seat": SEAT}) == (409, "nobody_signed_in")
    await api.house.wants("sign-in", seat=SEAT, person=WHO, pin=None, by="supervisor")
    made = await begun(api, seat=SEAT)
    assert made["created_by"] == WHO
    entry = (await api.json("GET", f"/incidents/{made['id']}/history"))["entries"][0]
    assert (entry["by"], entry["fact"]["subjects"]["seat"]) == (WHO, SEAT)


VALUES = (
    ({"grade": "V"}, "bad_grade"),
    ({"injured": -1}, "bad_count"),
    ({"injured": 2.5}, "bad_count"),
    ({"type": "no-such"}, "unknown_type"),
    ({"hazards": "gas"}, "wrong_kind"),
    ({"hazards": ["no-such"]}, "unknown_mark"),
    ({"form": "no-such"}, "unknown_form"),
    ({"colour": "red"}, "unknown_field"),
    ({"place": "一\n二"}, "not_one_line"),
    ({"summary": "x" * 4_001}, "too_long"),
    ({"summary": "\x07"}, "control_character"),
    ({"summary": "半\ud83d"}, "half_character"),
    ({"\ud83d": 1}, "half_character"),
    ({"called": "eleven"}, "bad_number"),
    ({"spot": {**SPOT, "lat": 91}}, "bad_position"),
    ({"spot": {**SPOT, "datum": "moon"}}, "bad_datum"),
    ({"spot": {"lat": 1}}, "wrong_kind"),
    ({"spot": {**SPOT, "lat": float("nan")}}, "wrong_kind"),
)
BODIES = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b'{"version": 0, "changes": {}}',
    b'{"version": "1", "changes": {}}',
    b'{"version": 1, "changes": []}',
    b'{"version": 1, "changes": {}, "more": 1}',
    b'{"version": 1, "changes": {}, "seat": 7}',
    b'{"version": 99999999999999999999, "changes": {}}',
)


async def test_every_value_that_cannot_be_is_named_and_nothing_is_bent_or_changed(api: Api) -> None:
    made = await begun(api)
    path = f"/incidents/{made['id']}"
    for changes, code in VALUES:
        answer = await api.ask("PATCH", path, {"version": 1, "changes": changes})
        assert (answer.status, answer.code) == (422, code), (changes, answer)
        name = next(iter(changes)).encode("utf-8", "replace").decode()
        assert name in answer.json["detail"] or code == "half_character", answer
    for body in BODIES:
        assert await api.refused("PATCH", path, data=body) == (422, "invalid"), body
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    assert await api.refused("PATCH", path, {"version": 1, "changes": {"spot": deep}}) == (422, "wrong_kind")
    assert await api.refused("PATCH", path, data=b"[" * 60_000) == (400, "bad_request")
    assert await api.refused("PATCH", path, data=b"x" * 70_000) == (413, "body_too_large")
    for end in (
        {"version": 1, "result": "victory"},
        {"version": 1},
        {"version": 1, "result": "test", "words": "\ud83d"},
    ):
        assert await api.refused("POST", f"{path}/cancel", end) == (422, "invalid")
    assert await api.refused("POST", f"{path}/cancel", {"version": 1, "result": "handled"}) == (422, "bad_result")
    assert await api.refused("POST", f"{path}/close", {"version": 1, "result": "handled"}) == (409, "not_submitted")
    assert await api.refused("POST", "/incidents", {"id": made["id"]}) == (409, "incident_exists")
    assert await api.refused("POST", "/incidents", {"id": "a b"}) == (422, "bad_id")
    assert await api.refused("POST", f"{path}/notes", {"words": " "}) == (422, "empty")
    assert await api.json("GET", path) == made


ACTS: tuple[tuple[str, str, Any], ...] = (
    ("POST", "", {}),
    ("PATCH", "/{}", {"version": 1, "changes": {}}),
    ("POST", "/{}/submit", {"version": 1}),
    ("POST", "/{}/split", {"version": 1, "changes": {}}),
    ("POST", "/{}/calls", {"call": "c1"}),
    ("DELETE", "/{}/calls/c1", None),
)
ALSO_DISPATCHERS: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/{}/close", {"version": 1, "result": "handled"}),
    ("POST", "/{}/reopen", {"version": 1, "words": "x"}),
    ("POST", "/{}/merge", {"version": 1, "into": "x"}),
    ("POST", "/{}/unmerge", None),
    ("POST", "/{}/links", {"other": "x"}),
    ("DELETE", "/{}/links/x", None),
    ("POST", "/{}/plans/preview", {}),
    ("POST", "/{}/notes", {"words": "处警员记录"}),
    ("POST", "/{}/cancel", {"version": 1, "result": "test"}),
)


async def test_a_dispatcher_ends_and_merges_and_does_not_write_the_record(api: Api) -> None:
    made = await begun(api)
    for method, path, body in ACTS:
        told = await api.refused(method, f"/incidents{path.format(made['id'])}", body, role=DISPATCHER)
        assert told == (403, "forbidden"), path
    for method, path, body in ALSO_DISPATCHERS:
        for role in (DISPATCHER, SUPERVISOR, TAKER):
            answer = await api.ask(method, f"/incidents{path.format(made['id'])}", body, role=role)
            assert answer.status != 403, path
    for path in ("", f"/{made['id']}", *(f"/{made['id']}/{part}" for part in ("history", "orders", "plans"))):
        assert (await api.ask("GET", f"/incidents{path}", role=DISPATCHER)).status == 200


async def test_without_a_token_nothing_is_seen_or_done(api: Api) -> None:
    made = await begun(api)
    looks = (("GET", path, None) for path in ("", "/{}", "/{}/history", "/{}/orders", "/{}/plans", "/{}/plans/preview"))
    for method, path, body in (*ACTS, *ALSO_DISPATCHERS, *looks):
        told = await api.refused(method, f"/incidents{path.format(made['id'])}", body, role=None)
        assert told == (401, "unauthorized"), path
    assert await api.json("GET", f"/incidents/{made['id']}") == made


async def test_who_calls_is_told_and_where_he_is_can_be_marked(api: Api) -> None:
    call = api.house.telephones.comes("090055510001")
    api.house.telephones.unanswered(call)
    calls = api.house.tap.calls
    await until(lambda: call in calls and calls[call].known is not None)
    told = await api.json("GET", f"/calls/{call}/caller", role=DISPATCHER)
    assert (told["count"], told["calls"], told["incidents"], told["score"]) == (0, [], [], 0)
    mark = {"lat": 39.6125, "lon": 85.3815, "radius_m": 20, "address": "启明区晨光路14号"}
    marked = await api.json("POST", f"/calls/{call}/position", mark)
    assert (marked["source"], marked["rank"], marked["lat"]) == ("call-taker", "confirmed", 39.6125)
    await until(lambda: calls[call].positions[calls[call].best or 0].source == "call-taker")
    live = (await api.json("GET", f"/calls/{call}"))["live"]
    assert {"call-taker", "trunk"} <= {each["source"] for each in live["positions"]}
    for bad in ({"lat": 91}, {"lon": "x"}, {"radius_m": -1}, {"datum": "moon"}, {"more": 1}):
        told = await api.refused("POST", f"/calls/{call}/position", mark | bad)
        assert told[0] == 422, bad
    assert await api.refused("POST", f"/calls/{call}/position", mark, role=DISPATCHER) == (403, "forbidden")
    assert await api.refused("POST", "/calls/none/position", mark) == (404, "no_such_call")
    assert await api.refused("GET", "/calls/none/caller") == (404, "no_such_call")


async def test_the_centres_own_lists_are_shown(api: Api) -> None:
    departments = (await api.json("GET", "/departments", role=DISPATCHER))["departments"]
    assert {"fire", "medical"} <= {each["id"] for each in departments}
    assert departments[0]["ladder"]["lines"][0]["number"]
    assert "house-fire" in {each["id"] for each in (await api.json("GET", "/plans"))["plans"]}
    lists = await api.json("GET", "/incident-types")
    assert "house-fire" in {each["id"] for each in lists["types"]}
    assert lists["types"][0]["name"].keys() == {"zh", "en"}
