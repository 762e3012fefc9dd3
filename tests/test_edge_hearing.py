"""What Asterisk tells, in the core's words: recorded calls, and what must not be taken for one."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake import event
from intake.edge.hearing import Hearing, device, outcome
from intake.outcome import Outcome
from intake.snapshot import Device as Line
from telephony.manager import event as told
from telephony.manager.channel import ChannelState
from telephony.manager.event import Device, DialOutcome, Event, Reach
from telephony.manager.reading import EVENTS, read_event
from telephony.manager.snapshot import ROWS
from telephony.manager.wire import Decoder, Message
from tests.edge_telephones import SEATS, Telephones, channel
from tests.journal_places import Clock

RECORDED = (Path(__file__).parent / "recorded_manager.txt").read_bytes()
ANSWERED = "liandong-1795451192.2"
REJECTED = "liandong-1795451193.22"
SILENT = "liandong-1795451193.37"
IN_THE_RECORDING = ("seat-01", "seat-02", "seat-03", "seat-04")
AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def decoded(pieces: Iterable[bytes]) -> Iterator[Event]:
    """The events of a stream that came in these pieces."""
    decoder = Decoder(EVENTS | ROWS)
    for piece in pieces:
        for item in decoder.feed(piece):
            assert isinstance(item, Message), item
            if "Timestamp" in item.fields and (news := read_event(item)) is not None:
                yield news


def replay(pieces: Iterable[bytes], *, asked: bool = True) -> list[event.Report]:
    """What the recorded stream means, to an engine that was asked about each call as it came, or that never was."""
    hearing = Hearing(IN_THE_RECORDING)
    heard: list[event.Report] = []
    for news in decoded(pieces):
        heard += hearing.hear(news)
        if asked and isinstance(news, told.Arrived):
            hearing.asked(news.channel.call)
    return heard


def of(call: str, heard: Iterable[event.Report]) -> list[event.Report]:
    return [each for each in heard if getattr(each, "call", None) == call]


def lines(seat: str, heard: Iterable[event.Report]) -> list[event.Report]:
    return [each for each in heard if getattr(each, "seat", None) == seat and not hasattr(each, "call")]


# --- what a real Asterisk wrote --------------------------------------------------------------------------------------


def test_a_recorded_conversation_is_told_from_the_dial_to_the_end() -> None:
    assert of(ANSWERED, replay([RECORDED])) == [
        event.Dialled(ANSWERED, "seat-03", 1),
        event.Rings(ANSWERED, "seat-03", 1),
        event.SeatOutcome(ANSWERED, 1, "seat-03", Outcome.ANSWERED),
        event.Joined(ANSWERED, "seat-03"),
        event.CallerGone(ANSWERED),
        event.HungUp("seat-03", ANSWERED),
    ]


def test_a_recorded_line_is_told_with_its_hold_and_its_death() -> None:
    assert lines("seat-03", replay([RECORDED])) == [
        event.Reachable("seat-03"),
        event.LineSeen("seat-03", Line.IDLE),
        event.LineSeen("seat-03", Line.BUSY),
        event.Held("seat-03"),
        event.Resumed("seat-03"),
        event.LineSeen("seat-03", Line.IDLE),
        event.LineSeen("seat-03", Line.UNREACHABLE),
        event.Unreachable("seat-03"),
    ]


def test_a_recorded_rejection_ends_the_offer_and_the_net_that_takes_over_rings_without_a_fence() -> None:
    assert of(REJECTED, replay([RECORDED])) == [
        event.Dialled(REJECTED, "seat-04", 1),
        event.SeatOutcome(REJECTED, 1, "seat-04", Outcome.BUSY),
        event.OfferOver(REJECTED, 1, Outcome.BUSY),
        event.HungUp("seat-04", REJECTED),
        event.Unanswered(REJECTED),
        event.Dialled(REJECTED, "seat-04", None),
        event.HungUp("seat-04", REJECTED),
        event.CallerGone(REJECTED),
    ]


def test_a_recorded_caller_who_cannot_speak_is_told_by_his_service_and_by_his_end() -> None:
    assert of(SILENT, replay([RECORDED])) == [event.Changed(SILENT, service="fire"), event.CallerGone(SILENT)]


def test_nothing_else_in_the_recording_means_anything() -> None:
    heard = replay([RECORDED])
    told_of = [*(of(call, heard) for call in (ANSWERED, REJECTED, SILENT)), lines("seat-03", heard)]
    assert lines("seat-04", heard) == [event.Reachable("seat-04"), event.LineSeen("seat-04", Line.IDLE)]
    assert len(heard) == sum(map(len, told_of)) + 2


@pytest.mark.parametrize("seed", range(12))
def test_however_the_network_cuts_the_recording_it_means_the_same(seed: int) -> None:
    chance = random.Random(seed)
    most = chance.choice([3, 40, 700, 20_000])
    pieces, rest = [], RECORDED
    while rest:
        size = chance.randint(1, most)
        pieces.append(rest[:size])
        rest = rest[size:]
    assert replay(pieces) == replay([RECORDED])


def test_calls_that_never_asked_are_told_as_unanswered_before_anything_else_is_said_of_them() -> None:
    heard = replay([RECORDED], asked=False)
    for call in (ANSWERED, REJECTED):
        assert of(call, heard)[0] == event.Unanswered(call)
        assert of(call, heard)[1:] == of(call, replay([RECORDED]))


# --- calls of every kind ---------------------------------------------------------------------------------------------


class Room:
    """A hearing, telephones, and all that is heard of them."""

    def __init__(self) -> None:
        self.hearing = Hearing(SEATS)
        self._heard: list[event.Report] = []
        self.told: list[Event] = []
        self.telephones = Telephones(self._hear, Clock())

    def _hear(self, news: Event) -> None:
        self.told.append(news)
        self._heard += self.hearing.hear(news)

    def asks(self, **known: str) -> str:
        """A caller comes, and the core is asked about him."""
        call = self.telephones.comes(**known)
        self.hearing.asked(call)
        return call

    def heard(self) -> list[event.Report]:
        """All that was heard since this was last asked."""
        new, self._heard = self._heard, []
        return new

    def of_calls(self) -> list[event.Report]:
        """The same, without lines and telephones."""
        return [each for each in self.heard() if not isinstance(each, (event.LineSeen, event.Reachable))]


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.mark.parametrize("endpoint", ["city", "caller-1"])
def test_a_caller_on_a_trunk_and_a_trial_telephone_are_callers_alike(room: Room, endpoint: str) -> None:
    call = room.asks(endpoint=endpoint)
    room.telephones.answers(room.telephones.dials(call, "seat-01", 1))
    room.telephones.leaves(call)
    assert room.of_calls() == [
        event.Dialled(call, "seat-01", 1),
        event.SeatOutcome(call, 1, "seat-01", Outcome.ANSWERED),
        event.Joined(call, "seat-01"),
        event.CallerGone(call),
        event.HungUp("seat-01", call),
    ]


def test_a_seat_that_telephones_shows_as_its_line_and_as_nothing_else(room: Room) -> None:
    dialling = channel("d.1", endpoint="seat-01", context="seats", extension="8002")
    other = channel("d.2", call="d.1", endpoint="seat-02", context="seats", path="seat", state=ChannelState.DOWN)
    talking = replace(dialling, path="seat", state=ChannelState.UP)
    answered = replace(other, state=ChannelState.UP)
    for news in (
        told.Arrived(AT, dialling),
        told.DeviceChanged(AT, "seat-01", Device.BUSY),
        told.Dialled(AT, other, talking),
        told.Ringing(AT, other),
        told.DeviceChanged(AT, "seat-02", Device.RINGING),
        told.DialEnded(AT, answered, talking, DialOutcome.ACCEPTED),
        told.Joined(AT, answered, "b", 1),
        told.Joined(AT, talking, "b", 2),
        told.Held(AT, talking),
        told.Resumed(AT, talking),
        told.Left(AT, talking, "b", 1),
        told.Left(AT, answered, "b", 0),
        told.Ended(AT, talking, 16),
        told.Ended(AT, answered, 16),
        told.DeviceChanged(AT, "seat-01", Device.FREE),
    ):
        room._hear(news)
    assert room.heard() == [
        event.LineSeen("seat-01", Line.BUSY),
        event.LineSeen("seat-02", Line.BUSY),
        event.LineSeen("seat-01", Line.IDLE),
    ]
    assert room.hearing.towards("d.1", "seat-02") is None
    assert room.hearing.joined_with("d.1", "seat-02") is None


def test_a_neighbour_who_takes_a_call_is_no_seat(room: Room) -> None:
    call = room.asks()
    room.telephones.dials(call, "seat-01")
    room.heard()
    outside = channel("n.1", call=call, endpoint="city", path="fallback", state=ChannelState.UP)
    caller = room.telephones.up[call]
    for news in (
        told.Dialled(AT, outside, caller),
        told.DialEnded(AT, outside, caller, DialOutcome.ACCEPTED),
        told.Joined(AT, outside, "b", 1),
        told.Joined(AT, caller, "b", 2),
        told.Ended(AT, outside, 16),
    ):
        room._hear(news)
    assert room.heard() == []


@pytest.mark.parametrize(
    ("ended", "silent", "rang"),
    [
        (DialOutcome.ACCEPTED, Outcome.ANSWERED, Outcome.ANSWERED),
        (DialOutcome.NO_ANSWER, Outcome.NO_ANSWER, Outcome.NO_ANSWER),
        (DialOutcome.BUSY, Outcome.BUSY, Outcome.REJECTED),
        (DialOutcome.REJECTED, Outcome.FAILED, Outcome.REJECTED),
        (DialOutcome.FAILED, Outcome.FAILED, Outcome.FAILED),
        (DialOutcome.UNKNOWN, Outcome.UNKNOWN, Outcome.UNKNOWN),
        (DialOutcome.CANCELLED, None, None),
    ],
)
def test_a_person_who_says_no_is_told_from_a_telephone_that_cannot(
    room: Room, ended: DialOutcome, silent: Outcome | None, rang: Outcome | None
) -> None:
    assert (outcome(ended, rang=False), outcome(ended, rang=True)) == (silent, rang)
    call = room.asks()
    for seat, meant in (("seat-01", silent), ("seat-02", rang)):
        leg = room.telephones.dials(call, seat, 7)
        if seat == "seat-02":
            room.telephones.rings(leg)
        room.heard()
        room.telephones.refuses(leg, ended)
        outcomes = [each for each in room.heard() if isinstance(each, event.SeatOutcome)]
        assert outcomes == ([] if meant is None else [event.SeatOutcome(call, 7, seat, meant)])


def test_a_telephone_that_accepted_as_its_caller_left_did_answer(room: Room) -> None:
    call = room.asks()
    leg = room.telephones.up[room.telephones.dials(call, "seat-01", 7)]
    room.heard()
    accepted = replace(leg, state=ChannelState.UP)
    room._hear(told.DialEnded(AT, accepted, room.telephones.up[call], DialOutcome.NO_ANSWER))
    assert room.heard() == [event.SeatOutcome(call, 7, "seat-01", Outcome.ANSWERED)]


def test_of_a_seat_that_the_net_rang_no_outcome_is_told_for_no_decision_named_it(room: Room) -> None:
    call = room.asks()
    room.telephones.refuses(room.telephones.dials(call, "seat-01"), DialOutcome.BUSY)
    assert room.of_calls() == [event.Dialled(call, "seat-01", None), event.HungUp("seat-01", call)]


@pytest.mark.parametrize(
    ("ended", "raced", "meant"),
    [
        (DialOutcome.NO_ANSWER, False, Outcome.NO_ANSWER),
        (DialOutcome.BUSY, False, Outcome.BUSY),
        (DialOutcome.REJECTED, False, Outcome.FAILED),
        (DialOutcome.FAILED, False, Outcome.FAILED),
        (DialOutcome.FAILED, True, Outcome.BUSY),
        (DialOutcome.ACCEPTED, False, Outcome.ANSWERED),
        (DialOutcome.CANCELLED, False, Outcome.UNKNOWN),
    ],
)
def test_what_an_offer_came_to_is_told_with_its_fence(
    room: Room, ended: DialOutcome, raced: bool, meant: Outcome
) -> None:
    call = room.asks()
    room.telephones.goes(call, "offer", fence=4, path="engine")
    room.telephones.comes_back(call, ended, raced=raced)
    assert room.heard() == [event.OfferOver(call, 4, meant)]


def test_a_seat_that_the_gate_refused_is_busy_and_what_was_stale_did_not_arrive(room: Room) -> None:
    caller = channel("a.1", path="engine", fence=9)
    heard = [
        *room.hearing.hear(told.Refused(AT, caller, 9, "seat-02")),
        *room.hearing.hear(told.Refused(AT, replace(caller, path="fallback"), 9, "seat-02")),
        *room.hearing.hear(told.Stale(AT, caller, 8)),
    ]
    assert heard == [event.SeatOutcome("a.1", 9, "seat-02", Outcome.BUSY), event.Undelivered("a.1", 8)]


def test_only_the_one_who_is_in_the_callers_bridge_is_joined_and_the_others_are_towards_him(room: Room) -> None:
    call = room.asks()
    first, second = (room.telephones.dials(call, seat, 1) for seat in ("seat-01", "seat-02"))
    assert (room.hearing.towards(call, "seat-01"), room.hearing.towards(call, "seat-02")) == (first, second)
    assert room.hearing.joined_with(call, "seat-02") is None
    room.telephones.answers(second)
    joined = room.hearing.joined_with(call, "seat-02")
    assert joined is not None
    assert joined.id == second
    assert [room.hearing.towards(call, seat) for seat in ("seat-01", "seat-02", "seat-03")] == [None, None, None]
    assert [each for each in room.heard() if isinstance(each, event.Joined)] == [event.Joined(call, "seat-02")]


def test_the_caller_may_be_the_first_in_the_bridge(room: Room) -> None:
    call = room.asks()
    leg = room.telephones.dials(call, "seat-01", 1)
    room.heard()
    for id in (call, leg):
        room._hear(told.Joined(AT, room.telephones.up[id], "b", 1))
    assert room.heard() == [event.Joined(call, "seat-01")]


def test_of_two_bridges_nobody_is_joined(room: Room) -> None:
    call = room.asks()
    leg = room.telephones.dials(call, "seat-01", 1)
    room.heard()
    for id, bridge in ((call, "holding"), (leg, "b")):
        room._hear(told.Joined(AT, room.telephones.up[id], bridge, 1))
    assert room.heard() == []


def test_one_who_left_the_bridge_is_not_joined_when_another_comes(room: Room) -> None:
    call = room.asks()
    leg = room.telephones.dials(call, "seat-01", 1)
    room.heard()
    for news in (
        told.Joined(AT, room.telephones.up[leg], "b", 1),
        told.Left(AT, room.telephones.up[leg], "b", 0),
        told.Joined(AT, room.telephones.up[call], "b", 1),
    ):
        room._hear(news)
    assert room.heard() == []


def test_what_a_snapshot_told_may_be_told_again_and_nobody_is_taken_for_one_who_never_asked(room: Room) -> None:
    call = room.asks()
    leg = room.telephones.dials(call, "seat-01", 1)
    room.telephones.rings(leg)
    again = list(room.told)
    before = room.of_calls()
    room.hearing.restart([(each.channel, each.bridge) for each in room.telephones.seen().channels])
    for news in again:
        room._hear(news)
    assert room.of_calls() == before
    room.telephones.refuses(leg, DialOutcome.BUSY)
    assert event.SeatOutcome(call, 1, "seat-01", Outcome.REJECTED) in room.heard()


def test_after_a_snapshot_only_what_it_showed_is_up(room: Room) -> None:
    call = room.asks()
    leg = room.telephones.dials(call, "seat-01", 1)
    room.telephones.answers(leg)
    room.hearing.restart([(each.channel, each.bridge) for each in room.telephones.seen().channels])
    joined = room.hearing.joined_with(call, "seat-01")
    assert joined is not None
    assert joined.id == leg
    room.hearing.restart([])
    assert room.hearing.joined_with(call, "seat-01") is None
    room.heard()
    room.telephones.leaves(call)  # its end may still be on the way
    assert room.of_calls() == [event.CallerGone(call), event.HungUp("seat-01", call)]


def test_a_snapshot_in_which_a_telephone_rings_remembers_that_its_person_can_say_no(room: Room) -> None:
    call = room.asks()
    leg = room.telephones.dials(call, "seat-01", 1)
    room.telephones.rings(leg)
    fresh = Room()
    fresh.hearing.restart([(each.channel, each.bridge) for each in room.telephones.seen().channels])
    ended = told.DialEnded(AT, room.telephones.up[leg], room.telephones.up[call], DialOutcome.REJECTED)
    assert list(fresh.hearing.hear(ended)) == [event.SeatOutcome(call, 1, "seat-01", Outcome.REJECTED)]


def test_nothing_is_remembered_of_calls_that_are_over(room: Room) -> None:
    for _ in range(50):
        call = room.asks()
        room.telephones.answers(room.telephones.dials(call, "seat-01", 1))
        room.telephones.leaves(call)
    assert room.hearing._legs == {}
    assert room.hearing._known == set()


@pytest.mark.parametrize(
    "told_in_this_order",
    [
        [Reach.UNKNOWN, Device.UNAVAILABLE, Reach.GONE, Reach.REACHABLE, Device.FREE],
        [Reach.UNKNOWN, Reach.GONE, Device.UNAVAILABLE, Device.FREE, Reach.REACHABLE],
        [Reach.UNKNOWN, Reach.REACHABLE, Reach.GONE],
    ],
)
def test_a_telephone_that_registers_from_another_port_is_there(
    room: Room, told_in_this_order: list[Reach | Device]
) -> None:
    """As Asterisk 22 told it, of one telephone at one desk, on one day."""
    for each in told_in_this_order:
        if isinstance(each, Reach):
            room._hear(told.ContactChanged(AT, "seat-01", each))
        else:
            room._hear(told.DeviceChanged(AT, "seat-01", each))
    assert room.heard()[-1] in (event.Reachable("seat-01"), event.LineSeen("seat-01", Line.IDLE))


def test_a_telephone_that_is_switched_off_is_not_there_any_more(room: Room) -> None:
    room._hear(told.DeviceChanged(AT, "seat-01", Device.UNAVAILABLE))
    room._hear(told.ContactChanged(AT, "seat-01", Reach.GONE))
    assert room.heard() == [event.LineSeen("seat-01", Line.UNREACHABLE)]


def test_whom_we_call_ourselves_is_no_caller(room: Room) -> None:
    """A department's duty line, on the trunk from which callers come, in the context that is that trunk's."""
    line = channel("ld-7", state=ChannelState.DOWN, extension="")
    up = replace(line, state=ChannelState.UP, context="duty", extension="s")
    for news in (
        told.Dialled(AT, line, None),
        told.Ringing(AT, replace(line, state=ChannelState.RINGING)),
        told.Accepted(AT, up),
        told.Joined(AT, up, "b", 1),
        told.Ended(AT, up, 16),
    ):
        room._hear(news)
    assert room.heard() == []
    assert room.hearing._legs == {}


def test_telephones_that_are_no_seats_are_not_told(room: Room) -> None:
    for endpoint in ("city", "caller-1", "seat-99"):
        room._hear(told.ContactChanged(AT, endpoint, Reach.UNREACHABLE))
        room._hear(told.DeviceChanged(AT, endpoint, Device.UNAVAILABLE))
    room._hear(told.Originated(AT, "ld-1", DialOutcome.ACCEPTED))
    room._hear(told.Told(AT, channel("a.1"), "Drill", {}))
    room._hear(told.Pressed(AT, channel("a.1"), "5"))
    assert room.heard() == []


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (Device.FREE, Line.IDLE),
        (Device.IN_USE, Line.BUSY),
        (Device.BUSY, Line.BUSY),
        (Device.RINGING, Line.BUSY),
        (Device.RINGING_IN_USE, Line.BUSY),
        (Device.ON_HOLD, Line.BUSY),
        (Device.UNAVAILABLE, Line.UNREACHABLE),
        (Device.INVALID, Line.UNREACHABLE),
        (Device.UNKNOWN, Line.UNREACHABLE),
    ],
)
def test_every_state_of_a_device_is_one_of_three(state: Device, line: Line) -> None:
    assert device(state) is line
