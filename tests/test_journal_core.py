"""The journal's pure parts: canonical text, moments, names, the chain, and when things are due."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal import BadFact, Draft, Fact, JournalError, LogEvent, Promise, Registry, UnknownType
from journal.canonical import MAX_BYTES, MAX_INTEGER, Json, canonical, is_canonical
from journal.chain import fact_text, genesis, link, personal_digest
from journal.head import SIGN_EVERY, Head, SignedHead, sign_due
from journal.instant import from_text, to_text
from journal.marks import Marks
from journal.timer import HAND_AGAIN, may_be_handed, next_hand_out
from tests.journal_places import START, draft

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))


@given(JSON)
def test_what_was_written_is_read_and_written_again_the_same(value: Json) -> None:
    text = canonical(value)
    assert json.loads(text) == value
    assert is_canonical(text) and "\n" not in text


def test_the_canonical_form_is_this_one_for_ever() -> None:
    value: Json = {"b": [1, 2.5, True, None], "a": "火警\n\x00\u2028", "é": {"z": (), "y": -0.0}}
    assert canonical(value) == '{"a":"火警\\n\\u0000\u2028","b":[1,2.5,true,null],"é":{"y":-0.0,"z":[]}}'


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        "\ud800",
        {"\udfff": 1},
        {1: 2},
        MAX_INTEGER + 1,
        b"bytes",
        {1, 2},
        datetime.now(UTC),
        "x" * MAX_BYTES,
        [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],
    ],
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(BadFact) as caught:
        canonical(value)  # type: ignore[arg-type]
    assert caught.value.code == "journal_bad_fact"


def test_an_enum_is_its_text() -> None:
    class Grade(StrEnum):
        FIRST = "I"

    assert canonical({"grade": Grade.FIRST}) == '{"grade":"I"}'


@given(MOMENTS, MOMENTS)
def test_moments_as_text_sort_as_moments_do(one: datetime, two: datetime) -> None:
    assert (to_text(one) < to_text(two)) == (one < two)
    assert from_text(to_text(one)) == one


def test_a_moment_is_written_in_utc_whatever_its_zone() -> None:
    assert to_text(datetime(2026, 11, 23, 23, 0, tzinfo=timezone(timedelta(hours=8)))) == "2026-11-23T15:00:00.000000Z"


@pytest.mark.parametrize("text", ["", "2026-11-23T15:00:00Z", "2026-11-23T15:00:00.000000+00:00", "2026-11-23", "x"])
def test_another_form_of_a_moment_is_refused(text: str) -> None:
    with pytest.raises(BadFact):
        from_text(text)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(BadFact):
        to_text(datetime(2026, 11, 23))


def test_the_chain_is_this_one_for_ever() -> None:
    """Fixed vectors: a journal of today must verify in twenty years."""
    one = Draft.of("CallStartLogEvent", START, subjects={"call": "c1"}, body={"n": 1}, personal={"ani": "110"}, id="f1")
    digest = personal_digest("00" * 16, one.personal or "")
    text = fact_text(1, one, digest)
    assert digest == "695a4c574eba184b200975b33e9670c3b9766067704e18a06b5dd90b96909cfa"
    assert text == (
        f'{{"body":{{"n":1}},"id":"f1","personal":"{digest}","sequence":1,"subjects":{{"call":"c1"}},'
        '"time":"2026-11-23T15:00:00.123456Z","type":"CallStartLogEvent"}'
    )
    assert genesis("j") == "82b847e7a3152b5eca90dc8c7e8c06a2c67c6a2b430ac5dc5ccba5a75b416b5c"
    assert link(genesis("j"), text) == "e99994ba990c931ebf7f2def49f16e169255531f28b7fbc4e868aa97dd0a34bc"


def test_a_fact_s_text_is_canonical_itself() -> None:
    assert is_canonical(fact_text(7, draft(3), "ab"))
    assert is_canonical(fact_text(7, draft(3, personal=False), None))


def test_a_draft_survives_its_text() -> None:
    for each in (draft(1), draft(2, personal=False)):
        assert Draft.from_text(each.to_text()) == each


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"id":1}', draft(1).to_text().replace("fact-1", "fact 1")])
def test_a_text_that_is_no_draft_is_refused(text: str) -> None:
    with pytest.raises(BadFact):
        Draft.from_text(text)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"sequence":1}', '{"sequence":"1"}'])
def test_a_text_that_is_no_fact_is_refused(text: str) -> None:
    with pytest.raises(BadFact):
        Fact.read(text, None, "", "")


@pytest.mark.parametrize(("kind", "id"), [("Call", "1"), ("call", ""), ("call", "a b"), ("call", "x" * 129), ("", "1")])
def test_a_subject_out_of_form_is_refused(kind: str, id: str) -> None:
    with pytest.raises(BadFact):
        Draft.of("Counted", START, subjects={kind: id})


def test_two_drafts_never_share_an_id_by_chance() -> None:
    assert len({Draft.of("Counted", START).id for _ in range(1000)}) == 1000


# --- names -----------------------------------------------------------------------------------------------------------


def test_the_names_of_i3_are_known_and_a_room_adds_its_own() -> None:
    registry = Registry(["SeatPaused"])
    registry.check(LogEvent.CALL_START, ())
    registry.check("SeatPaused", ())
    with pytest.raises(UnknownType):
        registry.check("SeatPause", ())


def test_a_fact_that_opens_a_promise_must_say_whose() -> None:
    registry = Registry(["Started", "Done"], [Promise("order", frozenset({"Started"}), frozenset({"Done"}))])
    registry.check("Started", (("order", "o1"),))
    with pytest.raises(BadFact):
        registry.check("Started", (("call", "c1"),))
    with pytest.raises(BadFact):
        registry.check("Done", ())


@pytest.mark.parametrize(
    "promise",
    [
        Promise("Order", frozenset({"Started"}), frozenset({"Done"})),
        Promise("order", frozenset(), frozenset({"Done"})),
        Promise("order", frozenset({"Started"}), frozenset()),
        Promise("order", frozenset({"Started"}), frozenset({"Started"})),
        Promise("order", frozenset({"Begun"}), frozenset({"Done"})),
    ],
)
def test_a_promise_that_can_not_be_kept_is_refused(promise: Promise) -> None:
    with pytest.raises(JournalError):
        Registry(["Started", "Done"], [promise])


# --- what is due -----------------------------------------------------------------------------------------------------


def test_a_timer_is_handed_out_when_due_and_again_until_it_is_ended() -> None:
    second = timedelta(seconds=1)
    assert not may_be_handed(START, None, START - second)
    assert may_be_handed(START, None, START)
    assert not may_be_handed(START, START, START + HAND_AGAIN - second)
    assert may_be_handed(START, START, START + HAND_AGAIN)


def test_a_timer_that_was_handed_out_in_the_future_comes_again_at_once() -> None:
    assert may_be_handed(START, START + timedelta(hours=1), START)


def test_the_next_hand_out_is_the_deadline_or_what_was_left_undone() -> None:
    assert next_hand_out(START, None) == START
    assert next_hand_out(START, START) == START + HAND_AGAIN


def test_heads_are_signed_every_ten_seconds_and_at_once_after_the_clock_stepped_back() -> None:
    assert sign_due(None, START)
    assert not sign_due(START, START + SIGN_EVERY - timedelta(microseconds=1))
    assert sign_due(START, START + SIGN_EVERY)
    assert sign_due(START, START - timedelta(microseconds=1))
    assert timedelta(seconds=10) == SIGN_EVERY


def test_a_head_survives_its_line() -> None:
    head = Head("j", 7, "ab" * 32, START, "k")
    signed = SignedHead(7, head.to_text(), "cd" * 64)
    assert SignedHead.from_line(signed.to_line()) == signed
    assert Head.from_text(head.to_text()) == head


@given(st.sets(st.integers(0, 500)), st.sets(st.integers(0, 500)))
def test_marks_are_a_set_of_numbers(added: set[int], taken: set[int]) -> None:
    marks = Marks()
    for each in added:
        marks.add(each)
    for each in taken:
        marks.discard(each)
    assert list(marks) == sorted(added - taken)
    assert all((each in marks) == (each in added - taken) for each in range(-1, 520))
