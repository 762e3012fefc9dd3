"""A new life: the restart, the broken link, what Asterisk really has; under the rules of `tests.intake_room`."""

import pytest

from intake import command, event, fact, wish
from intake.person import Presence
from intake.snapshot import CallSeen, Device, Place, SeatSeen
from intake.stage import Stage
from tests.intake_room import Room, snapshot


def test_before_it_has_seen_reality_it_leaves_every_caller_to_the_net() -> None:
    room = Room("a", synced=False)
    assert isinstance(room.ask("1"), command.UseNet)


def test_after_a_restart_three_talking_two_waiting_and_one_ringing_are_just_that() -> None:
    calls = (
        *(CallSeen(f"t{seat}", Place.JOINED, fence=9, seat=seat, age_s=60) for seat in "abc"),
        CallSeen("r", Place.OFFERED, fence=12, seats=("d",), age_s=4),
        CallSeen("w1", Place.WAITING, age_s=30),
        CallSeen("w2", Place.WAITING, age_s=20),
    )
    busy = (
        *(SeatSeen(seat, Device.BUSY, f"t{seat}", joined=True) for seat in "abc"),
        SeatSeen("d", Device.BUSY, "r"),
    )
    room = Room("abcd", synced=False)
    room.hear(event.Resync(snapshot("abcd", "abcd", calls, busy, fence=15)))
    assert [room.stage(name) for name in ("ta", "tb", "tc", "r", "w1", "w2")] == [
        *(Stage.JOINED,) * 3,
        Stage.OFFERED,
        *(Stage.WAITING,) * 2,
    ]
    room.answer("r")
    step = room.hear(event.HungUp("b", "tb"))
    assert step.commands == (command.Fetch("w1", 16, ("b",), 6),)


def test_a_seat_that_the_fallback_joined_is_adopted_and_gets_nothing_until_it_is_free() -> None:
    calls = (CallSeen("1", Place.JOINED, seat="a", age_s=5),)
    room = Room("a", synced=False)
    room.hear(event.Resync(snapshot("a", "a", calls, (SeatSeen("a", Device.BUSY, "1", joined=True),))))
    assert room.facts(fact.CallAnswered)[0].by_net
    assert isinstance(room.ask("2"), command.Wait)
    room.hang_up("1")
    assert room.call("2").seats == ("a",)


def test_a_seat_that_a_new_life_finds_unreachable_is_asked_about_until_it_is_back() -> None:
    room = Room("ab", synced=False)
    room.hear(event.Resync(snapshot("ab", "ab", busy=(SeatSeen("b", Device.UNREACHABLE),))))
    asked = room.commands(command.AskSeat, room.wind(3600))
    assert {each.seat for each in asked} == {"b"}
    assert len(asked) == 60
    room.hear(event.SeatFound(asked[-1].turn, SeatSeen("b", Device.IDLE)))
    assert room.seat("b").free


def test_a_seat_that_was_unreachable_and_looks_idle_is_asked_about_at_once() -> None:
    room = Room("ab", synced=False)
    room.hear(event.Resync(snapshot("ab", "ab", busy=(SeatSeen("b", Device.UNREACHABLE),))))
    (asked,) = room.commands(command.AskSeat, [room.hear(event.LineSeen("b", Device.IDLE))])
    assert not room.seat("b").free, "a device alone proves nothing"
    room.hear(event.SeatFound(asked.turn, SeatSeen("b", Device.IDLE)))
    assert room.seat("b").free


def test_a_seat_that_is_told_twice_in_an_offer_is_promised_once() -> None:
    room = Room("ab", synced=False)
    calls = (CallSeen("1", Place.OFFERED, fence=9, seats=("a", "a", "b")),)
    room.hear(
        event.Resync(snapshot("ab", "ab", calls, (SeatSeen("a", Device.BUSY, "1"), SeatSeen("b", Device.BUSY, "1"))))
    )
    assert room.call("1").seats == ("a", "b")


def test_after_the_clock_was_set_back_nobody_arrives_in_the_future() -> None:
    room = Room("a", synced=False)
    calls = (CallSeen("1", Place.WAITING, age_s=-3600), CallSeen("2", Place.WAITING, age_s=5))
    room.hear(event.Resync(snapshot("a", calls=calls)))
    assert {name: room.hall.calls[name].arrived for name in "12"} == {"1": room.now, "2": room.now - 5}
    assert [arrived.age_s for arrived in room.facts(fact.CallArrived)] == [0, 5]


@pytest.mark.parametrize("gone", [event.Unreachable("b"), event.LineSeen("b", Device.UNREACHABLE)])
def test_a_telephone_that_dies_while_it_telephones_by_itself_is_asked_about_at_once(gone: event.Report) -> None:
    room = Room("ab", synced=False)
    room.hear(event.Resync(snapshot("ab", "ab", busy=(SeatSeen("b", Device.BUSY, "1"),))))
    assert room.seat("b").line == "talking"
    (asked,) = room.commands(command.AskSeat, [room.hear(gone)])
    room.hear(event.SeatFound(asked.turn, SeatSeen("b", Device.UNREACHABLE)))
    assert room.seat("b").line == "fault"


def test_after_a_broken_link_a_fetch_that_was_lost_is_decided_anew_with_a_newer_fence() -> None:
    room = Room("a")
    room.talk("1")
    room.ask("2")
    old = room.commands(command.Fetch, [room.hear(event.HungUp("a", "1"))])[0]
    step = room.hear(event.Resync(snapshot("a", "a", (CallSeen("2", Place.WAITING),))))
    (new,) = room.commands(command.Fetch, [step])
    assert new.seats == old.seats
    assert new.fence > old.fence
    assert fact.Repaired("joined", "gone", call="1") in step.witnessed


def test_a_resync_puts_astdb_right_and_leaves_the_people_where_they_are() -> None:
    room = Room("ab")
    room.grant(wish.Pause("w", "b", "rest", "phone"))
    step = room.hear(event.Resync(snapshot("ab", "ab")))
    assert room.commands(command.Mirror, [step]) == [command.Mirror("b", "p-b", "rest")]
    assert room.seat("b").presence is Presence.PAUSED


def test_a_resync_that_tells_nothing_new_changes_nothing() -> None:
    room = Room("ab")
    room.talk("1")
    room.ask("2")
    room.ring("2")
    calls = (CallSeen("1", Place.JOINED, 1, seat="a"), CallSeen("2", Place.OFFERED, 2, ("b",)))
    busy = (SeatSeen("a", Device.BUSY, "1", joined=True), SeatSeen("b", Device.BUSY, "2"))
    step = room.hear(event.Resync(snapshot("ab", "ab", calls, busy)))
    assert step.commands == ()
    assert step.witnessed == ()


def test_the_same_events_at_the_same_times_give_the_same_steps() -> None:
    def life() -> list[object]:
        room = Room("abc")
        for name in "12345":
            room.ask(name)
            room.wind(1.5)
        room.ring("1")
        room.wind(30)
        return list(room.steps)

    assert life() == life()
