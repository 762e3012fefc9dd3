"""The language of the local socket: whatever is said comes through, wherever it is cut, and nothing else does."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.state import Facts, FactState, Hello, Live, Tell
from console.wire import (
    LINE_MAX,
    PIECE_MAX,
    Damage,
    Decoder,
    Denied,
    FromEngine,
    Granted,
    Request,
    TooLong,
    facts_lines,
    from_engine,
    hello_lines,
    live_lines,
    reply_line,
    request_line,
    tell_line,
    to_engine,
)
from tests.console_room import MOMENT, call_state, seat_state

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FACTS = st.builds(
    FactState,
    sequence=st.integers(1, 2**53),
    id=TEXT,
    type=TEXT,
    time=st.just(MOMENT),
    subjects=st.dictionaries(TEXT, TEXT, max_size=2),
    body=st.dictionaries(TEXT, JSON, max_size=3),
    personal=st.none() | st.dictionaries(TEXT, JSON, max_size=2),
)
CALLS = st.builds(lambda id, caller: call_state(id, caller=caller), TEXT, TEXT)
SEATS = st.builds(lambda id, reason: seat_state(id, reason=reason), TEXT, st.none() | TEXT)
FEW_CALLS, FEW_SEATS = st.lists(CALLS, max_size=3), st.lists(SEATS, max_size=3)
SAID = st.one_of(
    st.builds(Hello, sequence=st.integers(0, 2**53), calls=FEW_CALLS, seats=FEW_SEATS),
    st.builds(Facts, facts=st.lists(FACTS, min_size=1, max_size=3)),
    st.builds(Live, calls=FEW_CALLS, seats=FEW_SEATS, gone=st.lists(TEXT, max_size=3)),
    st.builds(Tell, about=TEXT, seat=st.none() | TEXT, call=st.none() | TEXT),
    st.builds(Granted, st.integers(0, 2**53 - 1), st.dictionaries(TEXT, JSON, max_size=3)),
    st.builds(Denied, st.integers(0, 2**53 - 1), TEXT, TEXT),
)
ARGS = st.dictionaries(TEXT.filter(lambda name: name not in ("request", "want")), JSON, max_size=3)
REQUESTS = st.builds(Request, st.integers(0, 2**53 - 1), TEXT, ARGS)


def lines(said: FromEngine) -> list[bytes]:
    match said:
        case Hello():
            return list(hello_lines(said))
        case Facts():
            return list(facts_lines(said.facts))
        case Live():
            return list(live_lines(said))
        case Tell():
            return [tell_line(said)]
        case _:
            return [reply_line(said)]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(edges)]


@given(st.lists(SAID, max_size=5), st.lists(st.integers(0, 10_000), max_size=20))
def test_what_the_engine_says_is_heard_the_same_wherever_the_stream_is_cut(said: list[Any], places: list[int]) -> None:
    decoder = Decoder(from_engine)
    data = b"".join(line for each in said for line in lines(each))
    heard = [message for piece in cut(data, places) for message in decoder.feed(piece)]
    assert heard == said
    assert decoder.end() is None


@given(st.lists(REQUESTS, max_size=5), st.lists(st.integers(0, 1000), max_size=10))
def test_what_is_wanted_is_heard_the_same_wherever_the_stream_is_cut(said: list[Request], places: list[int]) -> None:
    decoder = Decoder(to_engine)
    data = b"".join(map(request_line, said))
    assert [message for piece in cut(data, places) for message in decoder.feed(piece)] == said


@given(st.lists(st.binary(max_size=200) | st.just(b"\n") | st.just(b'{"request":1,"want":"x"}\n'), max_size=20))
def test_garbage_is_damage_at_the_end_and_never_an_exception(pieces: list[bytes]) -> None:
    for read in (from_engine, to_engine):
        decoder = Decoder[Any](read, line_max=150)
        heard = [message for piece in pieces for message in decoder.feed(piece)]
        assert not any(isinstance(message, Damage) for message in heard[:-1])
        if heard and isinstance(heard[-1], Damage):
            assert heard[-1].because
            assert len(heard[-1].start) <= 80
            assert decoder.feed(b'{"request":1,"want":"x"}\n') == []


@pytest.mark.parametrize(
    ("line", "because"),
    [
        (b"\n", "Expecting value"),
        (b"null\n", "no object"),
        (b"[]\n", "no object"),
        (b"{}\n", "no request"),
        (b'{"request":1}\n', "no request"),
        (b'{"request":"1","want":"x"}\n', "number"),
        (b'{"request":true,"want":"x"}\n', "number"),
        (b'{"request":-1,"want":"x"}\n', "number"),
        (b'{"request":1,"want":"x","at":NaN}\n', "NaN"),
        (b'{"request":1,"want":"\xff"}\n', "utf-8"),
        (b'{"request":' + b"1" * 5000 + b"}\n", "digits"),
        (b"[" * 100_000 + b"\n", "recursion"),
    ],
)
def test_what_is_no_request_is_told_with_its_reason(line: bytes, because: str) -> None:
    (damage,) = Decoder(to_engine).feed(line + b'{"request":1,"want":"x"}\n')
    assert isinstance(damage, Damage)
    assert because in damage.because


@pytest.mark.parametrize(
    "said",
    [
        {"hello": {}},
        {"hello": None},
        {"hello": {"sequence": -1}},
        {"facts": [{"sequence": 1}]},
        {"live": {"calls": [{}]}},
        {"live": 3},
        {"tell": {}},
        {"reply": 1},
        {"reply": 1, "value": []},
        {"reply": 1, "refused": "x"},
        {"reply": None, "value": {}},
        {"else": 1},
    ],
)
def test_what_the_engine_never_says_is_damage(said: Any) -> None:
    (damage,) = Decoder(from_engine).feed(json.dumps(said).encode() + b"\n")
    assert isinstance(damage, Damage)


def test_what_a_newer_engine_adds_is_passed_over() -> None:
    told = call_state().model_dump(mode="json") | {"mood": "calm"}
    (hello,) = Decoder(from_engine).feed(
        json.dumps({"hello": {"sequence": 1, "calls": [told], "x": 1}}).encode() + b"\n"
    )
    assert hello == Hello(sequence=1, calls=(call_state(),))


def test_a_line_without_an_end_is_given_up_in_time_and_forgotten() -> None:
    decoder = Decoder(to_engine, line_max=1000)
    assert decoder.feed(b"x" * 999) == []
    (damage,) = decoder.feed(b"x")
    assert isinstance(damage, Damage)
    assert decoder.feed(b"y" * 10_000) == []


def test_a_stream_that_ends_inside_a_line_is_told() -> None:
    decoder = Decoder(to_engine)
    decoder.feed(b'{"request"')
    assert decoder.end() == Damage("the stream ended inside a line", b'{"request"')


def test_ten_thousand_callers_go_into_several_lines_and_arrive_whole() -> None:
    calls = tuple(call_state(f"call-{number}", caller="张" * 40) for number in range(10_000))
    seats = tuple(seat_state(f"seat-{number}") for number in range(5_000))
    for said, read in (
        (Hello(sequence=7, calls=calls, seats=seats), hello_lines),
        (Live(calls=calls, seats=seats), live_lines),
    ):
        out = list(read(said))  # type: ignore[operator]
        assert len(out) > 4
        assert all(len(line) < PIECE_MAX + 100_000 < LINE_MAX for line in out[1:])
        heard = Decoder(from_engine).feed(b"".join(out))
        assert [call for each in heard if isinstance(each, Hello | Live) for call in each.calls] == list(calls)
        assert [seat for each in heard if isinstance(each, Hello | Live) for seat in each.seats] == list(seats)


def test_what_does_not_go_into_a_line_is_our_own_mistake() -> None:
    with pytest.raises(TooLong):
        request_line(Request(1, "record", {"drafts": ["x" * LINE_MAX]}))


def test_half_a_character_in_a_request_harms_nobody() -> None:
    (heard,) = Decoder(to_engine).feed(request_line(Request(1, "pause", {"reason": "\ud83d"})))
    assert heard == Request(1, "pause", {"reason": "?"})


def test_a_request_cannot_name_itself_otherwise() -> None:
    (heard,) = Decoder(to_engine).feed(request_line(Request(1, "status", {"request": 2, "want": "sign-out"})))
    assert heard == Request(1, "status", {})
