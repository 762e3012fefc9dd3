"""What became of callers, told from the channel event log of a real Asterisk (22.10.1, 64-bit).

`recorded_cel.csv` is what the dialplan's own net, trial telephones and an engine played by a test left there. Each
scene has callers of its own, so a call is named by its caller's number here. Asterisk was killed once in the middle.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake import fact
from intake.edge import history
from intake.edge.history import History, Told
from telephony.cel import ChannelEvent, rows_in

RECORDED = (Path(__file__).parent / "recorded_cel.csv").read_bytes()
EVENTS = [event for _, event in rows_in(RECORDED).events]
SEATS = [f"seat-{number:02d}" for number in range(1, 13)]
KILLED = ("13800000026", "13800000027", "13800000028")
"""Callers who talked, rang and waited when Asterisk was killed."""
CUT = "13800000030"
"""Who still talks where the recording ends."""


def told_by(events: list[ChannelEvent], then_lost: bool = True) -> list[Told]:
    """All that these rows tell; in the end whatever is open is lost."""
    telling = History(SEATS)
    told = [each for event in events for each in telling.feed(event)]
    return told + telling.lose(list(telling.open)) if then_lost else told


TOLD = told_by(EVENTS)


def of(caller: str, told: list[Told] = TOLD) -> list[Told]:
    """What is told of the first call of this caller."""
    call = next(
        each.fact.call for each in told if isinstance(each.fact, fact.CallArrived) and each.fact.caller == caller
    )
    return [each for each in told if each.fact.call == call]


def course(caller: str) -> list[str]:
    """The same in words."""
    words = []
    for each in of(caller):
        match each.fact:
            case fact.CallArrived(called=called):
                words.append(f"called {called}")
            case fact.CallAnswered(seat=seat, by_net=by_net):
                words.append(f"{'net' if by_net else 'engine'}: {seat or each.more['line']}")
            case fact.CallCameBack(seat=seat):
                words.append(f"lost {seat}")
            case fact.CallEnded(answered=answered, found=found):
                words.append(("answered" if answered else "abandoned") + (", found gone" if found else ""))
    return words


def row(caller: str, kind: str, of_seat: bool = False, number: int = 0) -> datetime:
    """The time of a row of this caller's call."""
    call = of(caller)[0].fact.call
    rows = [each for each in EVENTS if each.call == call and each.kind == kind and (each.channel != call) == of_seat]
    return rows[number].at


@pytest.mark.parametrize(
    ("caller", "words"),
    [
        ("13800000001", ["called 119", "net: seat-01", "answered"]),
        ("13800000002", ["called 110", "net: seat-01", "answered"]),
        ("13800000003", ["called 119", "abandoned"]),
        ("13800000004", ["called 119", "abandoned"]),
        ("13800000005", ["called 119", "net: city", "answered"]),
        ("13800000006", ["called 120", "net: seat-02", "answered"]),
        ("13800000007", ["called 119", "net: seat-01", "lost seat-01", "net: seat-02", "answered"]),
        ("13800000008", ["called 119", "net: seat-01", "lost seat-01", "net: seat-02", "answered"]),
        ("13800000009", ["called 110", "net: seat-01", "answered"]),
        ("13800000010", ["called 119", "abandoned"]),
        ("13800000011", ["called 119", "net: seat-01", "answered"]),
        ("13800000012", ["called 110", "net: seat-01", "answered"]),
        ("13800000013", ["called 119", "engine: seat-02", "answered"]),
        ("13800000014", ["called 119", "engine: seat-01", "answered"]),
        ("13800000015", ["called 119", "net: seat-01", "answered"]),
        ("13800000016", ["called 119", "net: seat-01", "answered"]),
        ("13800000017", ["called 119", "engine: seat-01", "answered"]),
        ("13800000018", ["called 119", "net: seat-01", "answered"]),
        ("anonymous", ["called sos", "net: seat-01", "answered"]),
        ("+8613800001111", ["called +8610110", "net: seat-01", "answered"]),
        ("13800000023", ["called 119", "net: seat-01", "answered"]),
        ("13800000024", ["called 119", "net: seat-02", "answered"]),
        ("13800000025", ["called 119", "net: seat-01", "lost seat-01", "answered"]),
        ("13800000026", ["called 119", "net: seat-01", "answered, found gone"]),
        ("13800000027", ["called 110", "abandoned, found gone"]),
        ("13800000028", ["called 120", "abandoned, found gone"]),
        ("13800000029", ["called 119", "net: seat-01", "answered"]),
        ("13800000030", ["called 119", "net: seat-01", "answered, found gone"]),
    ],
    ids=[
        "answered, the caller hangs up",
        "answered, the seat hangs up",
        "gives up while a seat rings",
        "gives up at once",
        "nobody is there, the neighbour takes it",
        "one seat rejects, another one answers",
        "the seat is lost at once, another one takes over",
        "the seat's telephone dies in the conversation, another one takes over",
        "cannot speak, presses a key while waiting, then a seat comes",
        "hears the announcement and gives up",
        "the first of two callers for one seat",
        "the second of two callers for one seat",
        "an engine offers a seat",
        "an engine offers a seat that rejects, and then another one",
        "an engine lets wait and dies, the net takes over",
        "a frozen engine is asked, the net takes over",
        "an engine lets wait, wakes the caller and offers two seats",
        "an engine gives the caller to the net",
        "a caller without a number, a number that never was seen",
        "numbers with a plus",
        "the call-taker presses *7 and the caller a key",
        "two seats answer at once",
        "the seat's telephone dies, nobody else comes, the caller gives up",
        "Asterisk is killed in the middle of a conversation",
        "Asterisk is killed while a seat rings",
        "Asterisk is killed while a caller waits",
        "the first call of the next Asterisk",
        "somebody who still talks and is lost",
    ],
)
def test_each_scene_of_the_recorded_day_is_told_as_it_was(caller: str, words: list[str]) -> None:
    assert course(caller) == words


def test_no_other_call_is_told() -> None:
    callers = [each.fact.caller for each in TOLD if isinstance(each.fact, fact.CallArrived)]
    assert len(callers) == 33  # those above, two more of 13800000024, and three with strange numbers
    assert not {"8001", "8002", "13911112222", "88880110"} & set(callers)  # seats that dial, and whom we call


def test_times_are_asterisks_own_to_the_microsecond() -> None:
    arrived, answered, ended = of("13800000001")
    assert arrived.at == row("13800000001", "CHAN_START")
    assert answered.at == max(row("13800000001", "BRIDGE_ENTER"), row("13800000001", "BRIDGE_ENTER", of_seat=True))
    assert ended.at == row("13800000001", "CHAN_END")
    assert isinstance(answered.fact, fact.CallAnswered)
    assert answered.fact.waited_s == (answered.at - arrived.at).total_seconds()
    assert isinstance(ended.fact, fact.CallEnded)
    assert ended.fact.lasted_s == (ended.at - arrived.at).total_seconds()


def test_the_announcement_answers_nobody() -> None:
    assert row("13800000010", "ANSWER")
    assert course("13800000010")[-1] == "abandoned"
    waited = of("13800000012")[1]
    assert waited.at > row("13800000012", "ANSWER")


def test_the_second_one_who_answers_has_waited_since_the_call_arrived() -> None:
    arrived, _, lost, second, _ = of("13800000008")
    assert isinstance(second.fact, fact.CallAnswered)
    assert second.fact.waited_s == (second.at - arrived.at).total_seconds() > 3
    assert lost.at == row("13800000008", "BRIDGE_EXIT", of_seat=True)


def test_a_call_that_asterisk_took_along_ends_with_its_last_row() -> None:
    for caller in (*KILLED, CUT):
        call = of(caller)[0].fact.call
        assert of(caller)[-1].at == max(each.at for each in EVENTS if each.call == call)


def test_the_next_asterisk_ends_the_calls_of_the_one_that_was_killed_and_nobody_has_to_say_so() -> None:
    told = told_by(EVENTS, then_lost=False)
    for caller in KILLED:
        assert isinstance(of(caller, told)[-1].fact, fact.CallEnded)
    first_of_next = next(index for index, each in enumerate(EVENTS) if each.channel == of("13800000029")[0].fact.call)
    telling = History(SEATS)
    for event in EVENTS[:first_of_next]:
        telling.feed(event)
    assert len(telling.open) == 3
    assert [each.fact for each in telling.feed(EVENTS[first_of_next])][-1] == of(KILLED[-1])[-1].fact
    assert list(telling.open) == [EVENTS[first_of_next].channel]


def test_a_fact_has_the_form_of_the_engines_own() -> None:
    arrived, answered, ended = (each.draft("zhang-wei") for each in of("13800000001"))
    call = arrived.id.removesuffix(":start")
    assert [arrived.type, answered.type, ended.type] == [
        "CallStartLogEvent",
        "CallStateChangeLogEvent",
        "CallEndLogEvent",
    ]
    assert json.loads(arrived.body) == {"what": "CallArrived", "age_s": 0.0, "called": "119", "without_engine": True}
    assert arrived.personal == '{"caller":"13800000001"}'
    seat_channel = next(each.channel for each in EVENTS if each.call == call and each.kind == "Joined")
    assert answered.id == f"{call}:answered:{seat_channel}"
    assert dict(answered.subjects) == {"call": call, "seat": "seat-01", "person": "zhang-wei"}
    assert ended.id == f"{call}:end"
    assert dict(ended.subjects) == {"call": call}


def test_numbers_lose_what_no_number_has_as_they_do_in_the_dialplan() -> None:
    strange = [each.fact for each in TOLD if isinstance(each.fact, fact.CallArrived) and "CHANEND" in each.fact.called]
    assert [each.called[:6] for each in strange] == ["110138"]
    for event in EVENTS:
        assert "\n" not in event.caller + event.dialled
    callers = {each.fact.call: each.fact.caller for each in TOLD if isinstance(each.fact, fact.CallArrived)}
    as_in_the_dialplan = {each.call: each.number for each in EVENTS if each.kind == "APP_START"}
    assert {callers[call] for call in callers.keys() & as_in_the_dialplan} == {
        as_in_the_dialplan[call] for call in callers.keys() & as_in_the_dialplan
    }


# What one Asterisk in the recording did not happen to do.


def event(
    kind: str, channel: str = "x-100.1", *, call: str = "x-100.1", at: float = 100.0, **more: str
) -> ChannelEvent:
    """A row; without more it is the caller's."""
    names = {"name": "PJSIP/city-00000001", "number": "13900000000", "extension": "119", "context": "unified"}
    rest = {"application": "", "arguments": "", "extra": ""}
    return ChannelEvent(datetime.fromtimestamp(at, UTC), kind, call, channel, **(names | rest | more))


def seat_row(kind: str, channel: str = "x-100.2", at: float = 100.0, **more: str) -> ChannelEvent:
    return event(kind, channel, at=at, **({"name": "PJSIP/seat-01-00000002", "context": "seats"} | more))


def bridge(name: str) -> str:
    return json.dumps({"bridge_id": name, "bridge_technology": "simple_bridge"})


def whats(told: list[Told]) -> list[str]:
    return [type(each.fact).__name__ for each in told]


def joined(at: float = 101.0) -> list[ChannelEvent]:
    """A call that was answered."""
    return [
        event("CHAN_START"),
        event("APP_START", application="Dial"),
        seat_row("CHAN_START"),
        seat_row("Joined", extra='{"extra":"fallback"}'),
        seat_row("BRIDGE_ENTER", at=at, extra=bridge("b")),
        event("BRIDGE_ENTER", at=at, extra=bridge("b")),
    ]


def test_two_in_different_bridges_do_not_hear_each_other() -> None:
    rows = [*joined()[:-1], event("BRIDGE_ENTER", extra=bridge("other"))]
    assert whats(told_by(rows, then_lost=False)) == ["CallArrived"]


def test_whoever_leaves_a_bridge_and_comes_back_has_answered_once() -> None:
    rows = [*joined(), seat_row("BRIDGE_EXIT", at=102), seat_row("BRIDGE_ENTER", at=103, extra=bridge("b"))]
    rows += [event("APP_START", application="Read", at=104), event("CHAN_END", at=110)]
    assert whats(told_by(rows)) == ["CallArrived", "CallAnswered", "CallEnded"]


def test_a_call_whose_seat_and_caller_leave_together_lost_nobody() -> None:
    rows = [
        *joined(),
        seat_row("BRIDGE_EXIT", at=105.0),
        seat_row("CHAN_END", at=105.001),
        event("CHAN_END", at=105.01),
    ]
    assert whats(told_by(rows)) == ["CallArrived", "CallAnswered", "CallEnded"]


def test_a_call_that_we_place_is_nobodys_call_even_when_it_is_never_answered() -> None:
    for kind in ("ANSWER", "HANGUP"):
        rows = [event("CHAN_START", extension="s", number=""), event(kind, application="AppDial2")]
        assert told_by([*rows, event("CHAN_END", application="AppDial2")]) == []


def test_a_caller_whose_address_has_no_user_part_is_a_caller() -> None:
    rows = [event("CHAN_START", extension="s"), event("APP_START", application="Dial"), event("CHAN_END", at=101)]
    assert whats(told_by(rows)) == ["CallArrived", "CallEnded"]


def test_a_call_that_is_taken_along_before_its_second_row_has_begun_and_ended() -> None:
    assert whats(told_by([event("CHAN_START")])) == ["CallArrived", "CallEnded"]


def test_rows_of_a_call_whose_beginning_is_not_there_tell_nothing() -> None:
    assert told_by(joined()[1:]) == []


def test_two_channels_that_are_written_in_the_wrong_order_are_no_other_asterisk() -> None:
    rows = [event("CHAN_START", "x-102.9", call="x-102.9"), event("CHAN_START", "x-103.8", call="x-103.8")]
    telling = History(SEATS)
    assert [each for row in rows for each in telling.feed(row)] == []
    assert list(telling.open) == ["x-102.9", "x-103.8"]


def test_a_clock_that_is_put_back_or_forward_ends_no_call() -> None:
    telling = History(SEATS)
    for second, number in ((1000, 5), (400, 6), (5000, 7), (900, 8)):
        id = f"x-{second}.{number}"
        assert telling.feed(event("CHAN_START", id, call=id)) == []
    assert len(telling.open) == 4


def test_a_call_that_began_before_the_other_asterisk_is_recognised_is_the_others_and_goes_on() -> None:
    telling = History(SEATS)
    ids = ("x-100.50", "x-102.1", "x-110.4")
    told = [each for id in ids for each in telling.feed(event("CHAN_START", id, call=id))]
    assert [(each.fact.call, type(each.fact).__name__) for each in told] == [
        ("x-100.50", "CallArrived"),
        ("x-100.50", "CallEnded"),
    ]
    assert list(telling.open) == ["x-102.1", "x-110.4"]


def test_of_more_open_calls_than_there_can_be_the_oldest_is_a_leftover(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_OPEN", 3)
    telling = History(SEATS)
    for number in range(10):
        id = f"x-{100 + number}.{number}"
        telling.feed(event("CHAN_START", id, call=id, at=100 + number))
    assert len(telling.open) == 3


def test_the_same_rows_again_tell_the_same_facts_again() -> None:
    again = told_by([*EVENTS, *EVENTS])
    assert {each.id for each in again} == {each.id for each in TOLD}
    assert {each.draft().to_text() for each in again} == {each.draft().to_text() for each in TOLD}


def test_nothing_is_remembered_of_what_is_over() -> None:
    telling = History(SEATS)
    for each in EVENTS:
        telling.feed(each)
    telling.lose(list(telling.open))
    assert not telling.open
    assert not telling._since_newest


TEXTS = st.sampled_from(
    ["", "s", "unified", "seats", "PJSIP/seat-01-00000001", "PJSIP/city-00000000", "x-1.1", "x-9.0"]
)
KINDS = st.sampled_from(["CHAN_START", "ANSWER", "Joined", "BRIDGE_ENTER", "BRIDGE_EXIT", "APP_START", "CHAN_END", "?"])
IDS = st.sampled_from(["x-1.1", "x-1.2", "x-9.0", "x-99999999999.9999999999", "attempt-1", "."])
EXTRAS = st.sampled_from(["", "{", "[]", '{"bridge_id":"a"}', '{"bridge_id":1}', '{"extra":"engine"}', "null", "9"])


@given(
    st.lists(
        st.builds(
            ChannelEvent,
            at=st.datetimes(timezones=st.just(UTC)),
            kind=KINDS,
            call=IDS,
            channel=IDS,
            name=TEXTS,
            number=st.text(),
            extension=st.text(),
            context=TEXTS,
            application=st.sampled_from(["", "Dial", "AppDial2"]),
            arguments=TEXTS,
            extra=EXTRAS,
        ),
        max_size=30,
    )
)
def test_no_rows_at_all_can_break_it_and_every_fact_can_be_written(events: list[ChannelEvent]) -> None:
    for told in told_by(events):
        told.draft()
    starts = [each.fact.call for each in told_by(events) if isinstance(each.fact, fact.CallArrived)]
    ends = [each.fact.call for each in told_by(events) if isinstance(each.fact, fact.CallEnded)]
    assert starts == ends or sorted(starts) == sorted(ends)


@given(st.data())
def test_a_row_that_is_lost_costs_that_row_alone(data: st.DataObject) -> None:
    lost = data.draw(st.integers(0, len(EVENTS) - 1))
    without = told_by([*EVENTS[:lost], *EVENTS[lost + 1 :]])
    touched = EVENTS[lost].call
    ends = {each.id: replace(each, at=each.at) for each in without if each.fact.call != touched}
    assert {each.id for each in TOLD if each.fact.call != touched} == set(ends)
