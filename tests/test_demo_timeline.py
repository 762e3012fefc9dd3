"""What the demo prints of the feed: every line rendered from a fact, in a stranger's words, in a terminal's width."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from liandong.play.timeline import NotSeen, Timeline, _wrapped

INCIDENT = "8f" * 16
FIRE, GAS = f"{INCIDENT}.fire.1", f"{INCIDENT}.gas.1"
TEXT = "晨光路87号发生住宅火灾，请"


def fact(
    name: str, second: float, subjects: dict[str, str], body: dict[str, Any] | None = None, **personal: Any
) -> dict[str, Any]:
    said = {"what": name, **(body or {})} if name.startswith(("Call", "Seat", "Signed")) else body or {}
    time = f"2026-11-25T15:00:{second:09.6f}Z"
    return {
        "kind": "fact",
        "type": name,
        "time": time,
        "subjects": subjects,
        "body": said,
        "personal": personal or None,
    }


def of(order: str, attempt: str = "") -> dict[str, str]:
    department = order.split(".")[1]
    return {"order": order, "incident": INCIDENT, "department": department} | (
        {"attempt": f"{order}-{attempt}"} if attempt else {}
    )


class Feed:
    """Says what a test wants."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self._messages = messages

    async def __aiter__(self) -> AsyncIterator[str]:
        for message in self._messages:
            yield json.dumps(message)


async def told(capsys: pytest.CaptureFixture[str], *messages: dict[str, Any]) -> list[str]:
    await Timeline(Feed(*messages)).run()  # type: ignore[arg-type]
    return capsys.readouterr().out.splitlines()


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


async def test_where_a_caller_is_comes_after_that_he_calls_and_the_best_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    places = [
        {"source": "sip", "rank": "measured", "radius_m": 25.0},
        {"source": "trunk", "rank": "default", "radius_m": 11500},
    ]
    personal = {
        "positions": [{"lat": 39.62775, "lon": 85.35261, "civic": None}, {"civic": {"text": "联动示例市"}}],
        "jurisdictions": {"fire": {"shares": [{"id": "a", "name": {"zh": "启明消防救援站", "en": "A"}, "share": 1.0}]}},
    }
    located = fact("CallLocated", 1.008, {"call": "7.1"}, {"positions": places, "best": 0}, **personal)
    arrived = fact("CallArrived", 1.0, {"call": "7.1"}, {"called": "119"}, caller="13800000101")
    assert await told(capsys, located, arrived) == [
        "    0.000 s  call        13800000101 dials 119",
        "    0.008 s  position    best: sent by the telephone, 39.62775 85.35261 ± 25 m",
        "    0.008 s  position    also: the whole city, 联动示例市 ± 11,500 m",
        "    0.008 s  position    in charge there: 启明消防救援站",
    ]


async def test_an_order_is_followed_from_its_issue_to_the_key(capsys: pytest.CaptureFixture[str]) -> None:
    lines = await told(
        capsys,
        fact("OrderIssued", 1, of(FIRE), {"code": "0001"}, text=f"{TEXT}立即出动。"),
        fact("OrderIssued", 1, of(GAS), {"code": "0002"}, text=f"{TEXT}关闭燃气。"),
        fact("AttemptDecided", 1.1, of(FIRE, "1"), {"rung": 0, "repeats": False}, line="87000119"),
        fact("AttemptEnded", 1.2, of(FIRE, "1"), {"outcome": "busy", "found": False}),
        fact("AttemptDecided", 1.2, of(FIRE, "2"), {"rung": 1, "repeats": True}, line="87001119"),
        fact("AttemptRang", 1.3, of(FIRE, "2")),
        fact("Escalated", 31, of(FIRE), {"why": "deadline"}),
        fact("DispatcherTold", 31, of(FIRE), {"why": "deadline", "times": 1}),
        fact("Acknowledged", 32.5, of(FIRE, "2"), {"how": "key", "after_s": 31.5}),
        fact("AttemptEnded", 33, of(FIRE, "2"), {"outcome": "acknowledged", "found": False}),
    )
    assert [line[13:] for line in lines] == [
        f"fire        is ordered, code 0001: {TEXT}立即出动。",
        "gas         is ordered, code 0002: …关闭燃气。",
        "fire        line 1 is dialled: 87000119",
        "fire        87000119 is busy",
        "fire        line 2 is dialled: 87001119, and says that it repeats",
        "fire        87001119 rings",
        "fire        ESCALATED: the deadline has passed and nobody has acknowledged",
        "dispatcher  is told: fire, the deadline has passed and nobody has acknowledged",
        "fire        ACKNOWLEDGED by key after 31.5 s",
    ]
    assert lines[-1].startswith("   31.500 s  ")


async def test_the_past_of_a_number_is_told_once_for_a_call(capsys: pytest.CaptureFixture[str]) -> None:
    known = {"count": 3, "open": [{"number": "20261125-0001"}], "score": 25}
    call = {"id": "7.1", "caller": "13800000101", "known": None}
    messages = [{"kind": "live", "calls": [call | {"known": each}]} for each in (None, known, known)]
    assert await told(capsys, *messages) == [
        f"{'':13}caller      13800000101: 3 earlier calls, open incidents: 20261125-0001, nuisance",
        f"{'':25}score 25",
    ]


async def test_what_is_not_for_strangers_is_not_told_and_the_engine_s_coming_and_going_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = await told(
        capsys,
        {"kind": "snapshot", "sequence": 1},
        fact("OrderHeard", 1, of(FIRE, "1"), {"round": 1}),
        {"kind": "engine", "up": False},
        {"kind": "engine", "up": True},
        fact("CallEnded", 2, {"call": "7.1"}, {"lasted_s": 3.04, "without_engine": True}),
    )
    assert [line[13:] for line in lines] == [
        "engine      is gone",
        "engine      is back",
        "call        over after 3.0 s (written afterwards: no engine saw it)",
    ]


@pytest.mark.parametrize("columns", [20, 33, 61])
def test_a_long_line_goes_on_below_its_beginning_and_none_begins_with_a_comma(columns: int) -> None:
    text = "is filled in: type house-fire, place 启明区晨光路87号，6单元五楼, trapped 2, flags trapped+children"
    pieces = list(_wrapped(text, columns))
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    assert all(sum(2 if sign > "\u2e80" else 1 for sign in piece) <= columns for piece in pieces)
    assert not any(piece.startswith((",", "，", " ")) for piece in pieces)


async def test_a_fact_is_waited_for_by_what_it_is_about_and_what_it_says() -> None:
    busy = fact("AttemptEnded", 1, of(FIRE, "1"), {"outcome": "busy"})
    line = Timeline(Feed(busy))  # type: ignore[arg-type]
    about = {"department": "fire"}
    waiting = asyncio.create_task(line.fact("busy", "AttemptEnded", about, body={"outcome": "busy"}))
    await line.run()
    assert await waiting == busy
    with pytest.raises(NotSeen, match="within 0 s: the answer") as caught:
        await line.fact("the answer", "AttemptEnded", about, body={"outcome": "no-answer"}, within_s=0)
    assert caught.value.code == "demo_fact_missing"
