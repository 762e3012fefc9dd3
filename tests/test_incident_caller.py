"""Who calls: numbers written in many ways, the history of a number, its nuisance score, and forgetting."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from intake import fact
from intake.edge.writing import TYPES as CALL_TYPES
from intake.edge.writing import answered_id, draft_of, end_id, start_id
from intake.history import (
    Follower,
    Nuisance,
    PastCall,
    PastIncident,
    Rule,
    calls_of,
    calls_to_erase,
    erase_calls,
    number_history,
    weigh,
)
from intake.history.nuisance import SHORT_S, WRITING
from intake.history.projecting import _merged, _told, read_batch, write
from intake.history.reading import MOST_CALLS
from intake.incident import (
    TYPES,
    Book,
    Cancel,
    Close,
    Create,
    Deed,
    Done,
    Erase,
    LinkCall,
    Result,
    Submit,
    history,
    reading,
)
from intake.migration import VERSIONS
from intake.number import NumberForm
from intake.tables import caller_calls
from journal import Draft, Fact, Journal, Places, PublicKey, Registry, facts_about, verify
from journal.chain import fact_text
from tests.incident_room import CATALOGUE, NOON, ZHANG
from tests.journal_places import until

pytest_plugins = ["tests.journal_fixtures"]

FORM = NumberForm(area="025")
MOBILE = "13812345678"

# --- one subscriber, one key ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "written"),
    [
        (MOBILE, ["13812345678", "013812345678", "+8613812345678", "008613812345678", "8613812345678"]),
        (
            MOBILE,
            ["138 1234 5678", "138-1234-5678", "＋８６　１３８１２３４５６７８", "<13812345678>", " 13812345678\n"],
        ),
        ("02584112233", ["025-84112233", "(025) 8411 2233", "+86 25 8411 2233", "+86 (0)25 84112233", "84112233"]),
        ("02584112233", ["025-84112233转801", "84112233 ext 12", "84112233#5", "025–8411―2233"]),
        ("01084112233", ["+861084112233", "010-84112233", "0086 10 84112233"]),
        ("4008100000", ["400-810-0000", "+86 400 810 0000"]),
        ("+85221234567", ["+852 2123 4567", "0085221234567"]),
        ("110", ["110"]),
        ("8001", ["8001"]),
        ("caller-1", ["caller-1", "Caller-1", " caller-1 "]),
        ("张三的手机", ["张三的手机"]),
    ],
)
def test_one_number_written_in_many_ways_is_found_by_one_key(key: str, written: list[str]) -> None:
    assert {FORM.key(each) for each in written} == {key}


@pytest.mark.parametrize("text", ["", " ", "anonymous", "Anonymous", "<unknown>", "Restricted", "0000000000", "+", "-"])
def test_callers_who_withhold_their_number_are_not_one_caller(text: str) -> None:
    assert FORM.key(text) == ""


def test_without_an_area_code_a_local_number_stays_as_it_is() -> None:
    assert NumberForm().key("84112233") == "84112233"


@given(st.text(max_size=80))
def test_anything_has_a_key_and_the_key_is_its_own(text: str) -> None:
    key = FORM.key(text)
    assert len(key) <= 60 and FORM.key(key) == key


# --- the table that is made of facts ----------------------------------------------------------------------------------


class Centre:
    """A journal with incidents and calls."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.book = Book(CATALOGUE, ZoneInfo("Asia/Shanghai"), FORM)
        self.follower = Follower(journal, FORM)

    def do(self, deed: Deed) -> Done:
        return self.journal.submit(lambda unit: self.book.do(unit, deed, ZHANG, NOON)).result(30).value

    def incident(self, id: str, call: str, result: Result | None = None, caller: str = MOBILE) -> None:
        self.do(Create(id, {"type": "house-fire", "summary": "有人报警"}, call, caller))
        self.do(Submit(id, 2))
        if result is not None:
            self.do(Close(id, 3, result))

    def write(self, *drafts: Draft) -> None:
        self.journal.submit(lambda unit: unit.record_once(drafts)).result(30)

    def call(self, call: str, at: datetime, caller: str = MOBILE, talked_s: float | None = 60.0) -> None:
        self.write(*call_facts(call, at, caller, talked_s))

    async def history(self, number: str = MOBILE, **more: Any) -> Any:
        assert await self.follower.catch_up()
        return number_history(self.journal.reader, FORM.key(number), NOON, **more)


def call_facts(call: str, at: datetime, caller: str = MOBILE, talked_s: float | None = 60.0) -> list[Draft]:
    """A call's facts as the engine writes them; `talked_s` None: nobody answered."""
    drafts = [draft_of(fact.CallArrived(call, "119", caller), at, id=start_id(call))]
    end = at + timedelta(seconds=20)
    if talked_s is not None:
        answered = fact.CallAnswered(call, "seat-01", "li-na", 4.0, False)
        drafts.append(draft_of(answered, at + timedelta(seconds=4), id=answered_id(call, "x1")))
        end = at + timedelta(seconds=4 + talked_s)
    drafts.append(
        draft_of(fact.CallEnded(call, talked_s is not None, (end - at).total_seconds()), end, id=end_id(call))
    )
    return drafts


def _open(places: Places) -> Iterator[Centre]:
    journal = Journal.open(places, Registry(TYPES | CALL_TYPES), versions=[VERSIONS])
    yield Centre(journal)
    journal.close()


@pytest.fixture
def centre(each_places: Places) -> Iterator[Centre]:
    """On each kind of database: for what the database does."""
    yield from _open(each_places)


@pytest.fixture
def one_centre(places: Places) -> Iterator[Centre]:
    """On SQLite: for what no database can make different."""
    yield from _open(places)


async def test_a_number_s_calls_and_incidents_are_its_history_newest_first(centre: Centre) -> None:
    centre.call("c1", NOON - timedelta(days=2))
    centre.call("c2", NOON - timedelta(days=1), caller="+8613812345678", talked_s=None)
    centre.call("other", NOON - timedelta(days=1), caller="13900000000")
    centre.call("now", NOON)
    centre.incident("a", "c1")
    found = await centre.history(but="now")
    assert [(each.call, each.incidents) for each in found.calls] == [("c2", ()), ("c1", ("a",))]
    assert found.calls[1] == PastCall(
        call="c1",
        called="119",
        caller=MOBILE,
        arrived_at=NOON - timedelta(days=2),
        answered_at=NOON - timedelta(days=2) + timedelta(seconds=4),
        ended_at=NOON - timedelta(days=2) + timedelta(seconds=64),
        seat="seat-01",
        person="li-na",
        incidents=("a",),
    )
    assert (found.calls[1].talked_s, found.calls[0].talked_s, found.count) == (60.0, None, 2)
    assert [each.id for each in found.incidents] == [each.id for each in found.open] == ["a"]


async def test_a_withheld_number_has_no_history(one_centre: Centre) -> None:
    one_centre.call("c1", NOON, caller="anonymous")
    one_centre.call("c2", NOON, caller="")
    found = await one_centre.history("anonymous")
    assert (found.key, found.calls, found.incidents, found.nuisance) == ("", (), (), Nuisance(0, ()))


async def test_an_incident_is_found_by_the_call_back_number_before_any_call_of_it(one_centre: Centre) -> None:
    one_centre.do(Create("a", {"type": "house-fire", "callback": "025-84112233"}))
    assert [each.id for each in (await one_centre.history("84112233")).incidents] == ["a"]


async def test_a_call_linked_without_its_number_is_found_by_the_number_the_journal_knows(one_centre: Centre) -> None:
    one_centre.call("c1", NOON - timedelta(hours=1))
    await one_centre.follower.catch_up()
    one_centre.do(Create("a"))
    one_centre.do(LinkCall("a", "c1"))
    assert [each.id for each in (await one_centre.history()).incidents] == ["a"]


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_facts_of_a_call_in_any_order_and_from_two_writers_make_one_row(order: tuple[int, ...]) -> None:
    """Pure: what the order of facts and of batches does not change."""
    drafts = call_facts("c1", NOON)
    later = fact.CallAnswered("c1", "seat-02", "zhang-wei", 30.0, False)
    drafts.insert(2, draft_of(later, NOON + timedelta(seconds=30), id=answered_id("c1", "x2")))
    row: dict[str, Any] = {}
    for number in order:
        draft = drafts[number]
        told = _told(Fact.read(fact_text(1, draft, None), draft.personal, "", ""), FORM)
        assert told is not None
        row = _merged(row, told)
    assert (row["key"], row["seat"], row["person"]) == (MOBILE, "seat-01", "li-na")
    assert row["answered_at"] < row["ended_at"]


async def test_a_batch_that_is_written_twice_or_too_late_changes_nothing(centre: Centre) -> None:
    for number in range(12):
        centre.call(f"c{number}", NOON - timedelta(hours=number))
    batch = read_batch(centre.journal.reader, FORM, most=10)
    assert batch is not None

    def put(each: Any) -> bool:
        return centre.journal.submit(lambda unit: write(unit.connection, each)).result(30).value

    assert [put(batch), put(batch)] == [True, False]
    while more := read_batch(centre.journal.reader, FORM, most=7):
        assert put(more)
    assert not put(batch)
    found = await centre.history()
    assert [each.call for each in found.calls] == [f"c{number}" for number in range(12)]
    assert all(each.answered_at and each.ended_at for each in found.calls)


async def test_a_call_that_was_known_late_arrived_when_it_arrived(one_centre: Centre) -> None:
    arrived = fact.CallArrived("c1", "119", MOBILE, age_s=90.5)
    one_centre.write(draft_of(arrived, NOON, id=start_id("c1")))
    assert (await one_centre.history()).calls[0].arrived_at == NOON - timedelta(seconds=90.5)


async def test_the_newest_calls_are_shown_and_all_are_counted(centre: Centre) -> None:
    drafts = [each for number in range(150) for each in call_facts(f"c{number}", NOON - timedelta(minutes=number))[:1]]
    centre.write(*drafts)
    found = await centre.history()
    assert (len(found.calls), found.count, found.calls[0].call) == (MOST_CALLS, 150, "c0")
    found = await centre.history(but="c0")
    assert (len(found.calls), found.count, found.calls[0].call) == (MOST_CALLS, 149, "c1")


async def test_the_follower_brings_a_call_in_as_soon_as_it_is_journalled(centre: Centre) -> None:
    following = asyncio.create_task(centre.follower.run())
    try:
        for number in range(3):
            call = f"c{number}"
            for draft in call_facts(call, NOON):
                centre.journal.witness(draft)
            await asyncio.to_thread(until, lambda call=call: _ended(centre, call))
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


def _ended(centre: Centre, call: str) -> bool:
    with centre.journal.reader.connect() as connection:
        return connection.scalar(select(caller_calls.c.ended_at).where(caller_calls.c.call == call)) is not None


async def test_a_closed_journal_ends_the_catching_up_without_an_error(places: Places) -> None:
    journal = Journal.open(places, Registry(TYPES | CALL_TYPES), versions=[VERSIONS])
    centre = Centre(journal)
    centre.call("c1", NOON)
    journal.close()
    assert not await centre.follower.catch_up()


# --- nuisance ---------------------------------------------------------------------------------------------------------


def past(
    *ago: timedelta, talked_s: float | None = 60.0, incidents: tuple[str, ...] = (), now: datetime = NOON
) -> list[PastCall]:
    """Calls so long ago."""
    made = []
    for number, each in enumerate(ago):
        at = now - each
        answered = None if talked_s is None else at
        end = at + timedelta(seconds=talked_s or 20)
        made.append(PastCall(f"p{number}-{each}", "119", MOBILE, at, answered, end, incidents=incidents))
    return made


def ended(result: Result, count: int, ago: timedelta = timedelta(days=1)) -> list[PastIncident]:
    return [PastIncident(f"{result}{number}", NOON - ago, result) for number in range(count)]


def scored(calls: list[PastCall] = [], incidents: list[PastIncident] = []) -> dict[Rule, tuple[int, int]]:  # noqa: B006
    found = weigh(calls, incidents, NOON)
    assert found.score == max(0, min(100, sum(each.points for each in found.reasons)))
    return {each.rule: (each.count, each.points) for each in found.reasons}


def test_a_number_that_nobody_knows_has_no_score_and_no_reason() -> None:
    assert weigh([], [], NOON) == Nuisance(0, ())


DAYS = [timedelta(days=number) for number in range(1, 40)]


@pytest.mark.parametrize(
    ("calls", "incidents", "reasons"),
    [
        ([], ended(Result.NUISANCE, 1), {Rule.NUISANCE: (1, 25)}),
        ([], ended(Result.NUISANCE, 9), {Rule.NUISANCE: (9, 100)}),
        ([], ended(Result.NUISANCE, 3, timedelta(days=181)), {}),
        ([], ended(Result.FALSE_ALARM, 9), {}),
        (past(*DAYS[:3]), [], {}),
        (past(*DAYS[:5]), [], {Rule.NO_INCIDENT: (5, 10)}),
        (past(*DAYS), [], {Rule.NO_INCIDENT: (30, 30)}),
        (past(*DAYS[:9], incidents=("a",)), [], {}),
        (past(*DAYS[:9], talked_s=None), [], {}),
        (past(*[WRITING / 2] * 4), [], {}),
        (past(*DAYS[:2], talked_s=SHORT_S - 1, incidents=("a",)), [], {}),
        (past(*DAYS[:4], talked_s=SHORT_S - 1, incidents=("a",)), [], {Rule.SHORT: (4, 10)}),
        (past(*DAYS[:4], talked_s=SHORT_S, incidents=("a",)), [], {}),
        (past(*[timedelta(minutes=each) for each in range(9)], talked_s=None), [], {Rule.OFTEN: (9, 25)}),
        (past(*[timedelta(minutes=each) for each in range(6)], talked_s=None), [], {Rule.OFTEN: (6, 10)}),
        ([], ended(Result.HANDLED, 2), {Rule.TRUE_REPORT: (2, -40)}),
        (
            [],
            ended(Result.HANDLED, 2) + ended(Result.NUISANCE, 2),
            {Rule.NUISANCE: (2, 50), Rule.TRUE_REPORT: (2, -40)},
        ),
    ],
)
def test_each_rule_counts_what_it_says(
    calls: list[PastCall], incidents: list[PastIncident], reasons: dict[Rule, tuple[int, int]]
) -> None:
    assert scored(calls, incidents) == reasons


@given(st.integers(0, 60), st.integers(0, 10), st.integers(0, 10), st.floats(0, 60))
def test_a_score_is_between_0_and_100_and_is_the_sum_of_its_reasons(
    calls: int, bad: int, good: int, talked_s: float
) -> None:
    made = past(*[timedelta(hours=each) for each in range(calls)], talked_s=talked_s)
    scored(made, ended(Result.NUISANCE, bad) + ended(Result.HANDLED, good))


def test_a_clock_that_stepped_back_counts_what_seems_to_come_as_now() -> None:
    assert scored(past(*[timedelta(minutes=-5)] * 6, talked_s=None)) == {Rule.OFTEN: (6, 10)}


async def test_the_score_comes_with_the_history(one_centre: Centre) -> None:
    for number in range(2):
        one_centre.call(f"c{number}", NOON - timedelta(days=1, hours=number))
        one_centre.incident(f"i{number}", f"c{number}", Result.NUISANCE)
    found = await one_centre.history()
    assert [(each.rule, each.count, each.points) for each in found.nuisance.reasons] == [(Rule.NUISANCE, 2, 50)]
    assert found.open == () and len(found.incidents) == 2


# --- forgetting -------------------------------------------------------------------------------------------------------


async def test_an_old_call_loses_its_number_in_facts_and_rows(centre: Centre, each_places: Places) -> None:
    centre.call("old", NOON - timedelta(days=400))
    centre.call("new", NOON - timedelta(days=1))
    await centre.follower.catch_up()
    before = NOON - timedelta(days=365)
    assert calls_to_erase(centre.journal.reader, before) == ("old",)
    erased = centre.journal.submit(lambda unit: erase_calls(unit, ["old"], "kept for a year", NOON)).result(30)
    assert len(erased.facts) == 1
    assert calls_to_erase(centre.journal.reader, before) == ()
    assert [each.call for each in (await centre.history()).calls] == ["new"]
    assert all(each.personal is None for each in facts_about(centre.journal.reader, "call", "old"))
    assert verify(centre.journal.reader, PublicKey.load(each_places.public_key), each_places.heads_file).sound
    assert centre.journal.submit(lambda unit: erase_calls(unit, ["old"], "again", NOON)).result(30).facts == ()


async def test_a_call_keeps_its_number_as_long_as_its_incident_keeps_what_it_says(centre: Centre) -> None:
    centre.call("c1", NOON - timedelta(days=400))
    centre.incident("a", "c1", Result.HANDLED)
    await centre.follower.catch_up()
    reader = centre.journal.reader
    assert calls_to_erase(reader, NOON) == calls_of(reader, MOBILE) == ()
    centre.do(Erase("a", "kept for a year"))
    # The call's own facts are not the incident's: they go by the calls' own rule, now that nothing needs them.
    assert calls_to_erase(reader, NOON) == calls_of(reader, MOBILE) == ("c1",)
    centre.journal.submit(lambda unit: erase_calls(unit, ["c1"], "kept for a year", NOON)).result(30)
    found = await centre.history()
    assert (found.calls, found.incidents) == ((), ())
    assert [each.call for each in reading.of_call(reader, "c1")[0].calls] == ["c1"], "which call it was is no person"
    assert history(reader, "a")


async def test_erasing_calls_leaves_what_an_incident_says(one_centre: Centre) -> None:
    one_centre.call("c1", NOON - timedelta(days=400))
    one_centre.incident("a", "c1")
    await one_centre.follower.catch_up()
    one_centre.journal.submit(lambda unit: erase_calls(unit, ["c1"], "by hand", NOON)).result(30)
    entries = history(one_centre.journal.reader, "a")
    assert not any(each.erased for each in entries)
    assert reading.of_call(one_centre.journal.reader, "c1")[0].calls[0].caller == MOBILE


async def test_a_number_erased_while_its_fact_was_on_the_way_to_the_table_does_not_come_back(centre: Centre) -> None:
    centre.call("c1", NOON)
    batch = read_batch(centre.journal.reader, FORM)
    assert batch is not None and batch.calls["c1"]["caller"] == MOBILE
    centre.journal.submit(lambda unit: erase_calls(unit, ["c1"], "by hand", NOON)).result(30)
    assert centre.journal.submit(lambda unit: write(unit.connection, batch)).result(30).value
    assert (await centre.history()).calls == ()


async def test_a_cancelled_report_is_no_true_report(one_centre: Centre) -> None:
    one_centre.call("c1", NOON - timedelta(days=1))
    one_centre.incident("a", "c1")
    one_centre.do(Cancel("a", 3, Result.WITHDRAWN))
    assert (await one_centre.history()).nuisance == Nuisance(0, ())
