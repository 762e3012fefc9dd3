"""What Asterisk has at one moment, in the core's words: where callers are, what seats do, who is signed in."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

import telephony.asterisk
from intake.edge.sight import Known, read_sign_in, sight, sign_in_key, write_sign_in
from intake.snapshot import CallSeen, Device, Place, SeatSeen, SignedInSeen, Snapshot
from telephony.manager import event as told
from telephony.manager.channel import ChannelState
from telephony.manager.event import Reach
from telephony.manager.snapshot import Present, read_snapshot
from telephony.manager.snapshot import Snapshot as Seen
from tests.edge_telephones import SEATS, Telephones, channel
from tests.journal_places import START, Clock
from tests.test_manager_events import replies

DIALPLAN = Path(telephony.asterisk.__file__).with_name("templates") / "extensions.conf.j2"
NOW_S = START.timestamp()
SERVICES = {"110": "police", "119": "fire"}
NOTHING = Seen((), (), {}, {}, {})


def known(call: str, called: str) -> Known:
    return Known(SERVICES.get(called))


def look(seen: Seen, *, fence: int = 0, now_s: float = NOW_S) -> Snapshot:
    return sight(seen, SEATS, known, fence=fence, now_s=now_s)


def one(context: str, *, path: str = "", bridge: str = "", fence: int = 0) -> CallSeen:
    """A caller who is there, alone."""
    caller = channel("a.1", context=context, path=path, called="119", fence=fence, state=ChannelState.UP)
    (call,) = look(replace(NOTHING, channels=(Present(caller, 9, bridge, ""),))).calls
    return call


@pytest.fixture
def telephones() -> Telephones:
    return Telephones(lambda news: None, Clock())


# --- where callers are -----------------------------------------------------------------------------------------------


PLACES = [
    # Before anybody was asked.
    ("unified", "", Place.ASKING),
    ("arm", "", Place.ASKING),
    ("carried", "", Place.ASKING),
    ("asking", "", Place.ASKING),
    ("answered", "", Place.ASKING),
    # After an offer came to nothing, and after the net, he asks again.
    ("asking", "engine", Place.ASKING),
    ("asking", "fallback", Place.ASKING),
    ("answered", "engine", Place.ASKING),
    ("answered", "fallback", Place.ASKING),
    ("stale", "engine", Place.ASKING),
    # We said that he shall wait, and whatever he does meanwhile.
    ("waiting", "", Place.WAITING),
    ("waiting", "engine", Place.WAITING),
    ("alive", "", Place.WAITING),
    ("alive", "engine", Place.WAITING),
    ("announce", "engine", Place.WAITING),
    ("hush", "", Place.WAITING),
    ("menu", "", Place.WAITING),
    ("keys", "engine", Place.WAITING),
    ("phone", "", Place.WAITING),
    ("phone", "engine", Place.WAITING),
    # A decision is obeyed.
    ("offer", "engine", Place.OFFERED),
    ("ring", "engine", Place.OFFERED),
    # The net has him, wherever he is in it.
    ("rescue", "engine", Place.NET),
    ("fallback", "", Place.NET),
    ("fallback", "engine", Place.NET),
    ("fallback", "fallback", Place.NET),
    ("free", "fallback", Place.NET),
    ("take", "fallback", Place.NET),
    ("present", "fallback", Place.NET),
    ("ring", "fallback", Place.NET),
    ("overflow", "fallback", Place.NET),
    ("waiting", "fallback", Place.NET),
    ("alive", "fallback", Place.NET),
    ("announce", "fallback", Place.NET),
    ("hush", "fallback", Place.NET),
    ("menu", "fallback", Place.NET),
    ("keys", "fallback", Place.NET),
    ("phone", "fallback", Place.NET),
]
ELSEWHERE = frozenset(
    {
        *("general", "globals"),
        # A helper's channel, a seat's own, and the one towards a seat or a neighbour.
        *("ask", "wished", "whisper", "tell", "seats", "wish", "dialling", "seat", "line", "joined"),
        # In a conversation, and after the end.
        *("silent-key", "counted", "gone"),
        # A duty line that the engine called.
        # Somebody who is no caller.
        *("duty", "feedback", "phoned"),
        *("department", "department-closing", "department-told", "department-words", "department-gone"),
    }
)
"""Contexts of the dialplan in which no caller's channel is, or of which another thing tells the place."""


@pytest.mark.parametrize(("context", "path", "place"), PLACES)
def test_a_caller_is_where_his_context_and_his_path_say(context: str, path: str, place: Place) -> None:
    assert one(context, path=path).place is place


def test_every_context_of_the_dialplan_has_its_place_or_none() -> None:
    contexts = set(re.findall(r"^\[([\w-]+)\]", DIALPLAN.read_text("utf-8"), re.MULTILINE))
    assert contexts == {context for context, _, _ in PLACES} | ELSEWHERE


def test_every_way_to_the_reports_tells_before_that_no_caller_goes_there() -> None:
    lines = DIALPLAN.read_text("utf-8").splitlines()
    ways = [before for before, line in pairwise(lines) if "Goto(feedback,s,1)" in line]
    assert len(ways) == 3, "from a trunk, a seat, a duty telephone"
    assert all("Set(__LD_PATH=feedback)" in before for before in ways)


@pytest.mark.parametrize("path", ["engine", "fallback", ""])
@pytest.mark.parametrize("context", ["ring", "keys", "waiting"])
def test_who_is_in_a_bridge_is_joined_wherever_the_dialplan_has_him(context: str, path: str) -> None:
    assert one(context, path=path, bridge="b").place is Place.JOINED


def test_a_caller_is_seen_with_his_number_his_service_and_what_he_obeyed() -> None:
    call = one("waiting", path="engine", fence=12)
    assert call == CallSeen("a.1", Place.WAITING, 12, called="119", caller="13800000001", service="fire", age_s=9)


def test_a_call_whose_beginning_is_known_has_its_exact_age() -> None:
    caller = Present(channel("a.1"), 9, "", "")
    seen = replace(NOTHING, channels=(caller,))
    (call,) = sight(seen, SEATS, lambda call, called: Known("fire", 9.4), fence=0, now_s=NOW_S).calls
    assert (call.age_s, call.service) == (9.4, "fire")


def test_who_is_rung_for_a_caller_is_seen_until_he_is_joined(telephones: Telephones) -> None:
    call = telephones.comes()
    first, _ = (telephones.dials(call, seat, 3) for seat in ("seat-01", "seat-02"))
    (offered,) = look(telephones.seen()).calls
    assert (offered.place, offered.seats, offered.seat) == (Place.OFFERED, ("seat-01", "seat-02"), None)
    telephones.answers(first)
    (joined,) = look(telephones.seen()).calls
    assert (joined.place, joined.seats, joined.seat) == (Place.JOINED, (), "seat-01")


def test_a_seat_to_which_two_channels_of_a_call_lead_is_rung_once(telephones: Telephones) -> None:
    call = telephones.comes()
    for seat in ("seat-01", "seat-02", "seat-01"):
        telephones.dials(call, seat, 3)
    (seen,) = look(telephones.seen()).calls
    assert seen.seats == ("seat-01", "seat-02")


def test_who_rings_for_the_net_is_no_offer_of_ours(telephones: Telephones) -> None:
    call = telephones.comes()
    telephones.dials(call, "seat-01")
    (seen,) = look(telephones.seen()).calls
    assert (seen.place, seen.seats) == (Place.NET, ())


def test_a_caller_whom_a_neighbour_took_is_joined_with_nobody_of_ours(telephones: Telephones) -> None:
    call = telephones.comes()
    telephones.goes(call, "overflow", path="fallback")
    outside = channel("n.1", call=call, endpoint="city", path="fallback")
    seen = telephones.seen()
    (caller,) = (each for each in seen.channels if each.channel.id == call)
    both = (replace(caller, bridge="b"), Present(outside, 3, "b", ""))
    assert [(each.call, each.place, each.seat) for each in look(replace(seen, channels=both)).calls] == [
        (call, Place.JOINED, None)
    ]


def test_a_seat_that_telephones_is_no_call_of_ours() -> None:
    dialling = channel("d.1", endpoint="seat-01", context="seats", path="seat", extension="8002")
    other = channel("d.2", call="d.1", endpoint="seat-02", context="seats", path="seat")
    seen = replace(
        NOTHING,
        channels=(Present(dialling, 4, "b", "Dial"), Present(other, 4, "b", "AppDial")),
        contacts=dict.fromkeys(SEATS, Reach.REACHABLE),
        devices={"seat-01": told.Device.BUSY, "seat-02": told.Device.BUSY, "seat-03": told.Device.FREE},
    )
    assert look(seen).calls == ()
    assert look(seen).seats == (
        SeatSeen("seat-01", Device.BUSY),
        SeatSeen("seat-02", Device.BUSY),
        SeatSeen("seat-03", Device.IDLE),
    )


def test_who_has_just_dialled_the_number_for_reports_is_no_call_of_ours() -> None:
    seen = replace(NOTHING, channels=(Present(channel("r.1", extension="87001119"), 0, "", ""),))
    assert sight(seen, SEATS, known, reports=("87001119",), fence=0, now_s=NOW_S).calls == ()


def test_whom_we_call_ourselves_is_no_call_of_ours() -> None:
    ours = channel("ld-7", state=ChannelState.UP, context="duty", extension="s")
    ringing = channel("ld-8", state=ChannelState.RINGING, extension="")
    seen = replace(NOTHING, channels=(Present(ours, 9, "", "Read"), Present(ringing, 2, "", "")))
    assert look(seen).calls == ()


def test_calls_stand_in_the_order_in_which_they_came_the_ninth_before_the_tenth() -> None:
    ids = [
        "liandong-1795451192.9",
        "liandong-1795451192.10",
        "liandong-1795451193.2",  # another Asterisk, which counts from the beginning
        "liandong-1795451193.1000000",
        "liandong-1795451201.3",
    ]
    shuffled = random.Random(1).sample(ids, len(ids))
    seen = replace(NOTHING, channels=tuple(Present(channel(each), 0, "", "") for each in shuffled))
    assert [call.call for call in look(seen).calls] == ids


def test_an_id_that_is_not_asterisks_own_comes_first_and_breaks_nothing() -> None:
    ids = ["liandong-1795451192.9", "ld-7", "x.y", "١٢.٣"]
    seen = replace(NOTHING, channels=tuple(Present(channel(each), 0, "", "") for each in ids))
    assert [call.call for call in look(seen).calls] == ["ld-7", "x.y", "١٢.٣", "liandong-1795451192.9"]


def test_the_recorded_snapshot_shows_one_who_talks_one_who_rings_and_one_who_waits() -> None:
    seen = sight(read_snapshot(replies()), ("seat-03", "seat-04"), known, fence=0, now_s=NOW_S)
    assert [(call.caller, call.place, call.seat, call.seats) for call in seen.calls] == [
        ("13800000001", Place.JOINED, "seat-03", ()),
        ("13800000002", Place.OFFERED, None, ("seat-04",)),
        ("13800000003", Place.WAITING, None, ()),
    ]
    assert [(seat.seat, seat.device, seat.joined) for seat in seen.seats] == [
        ("seat-03", Device.BUSY, True),
        ("seat-04", Device.BUSY, False),
    ]
    assert seen.people == ()


def test_the_highest_fence_of_the_journal_is_handed_on() -> None:
    assert look(NOTHING, fence=77).fence == 77


# --- what seats do ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contact", "state", "device"),
    [
        (Reach.REACHABLE, told.Device.FREE, Device.IDLE),
        (Reach.REACHABLE, told.Device.BUSY, Device.BUSY),
        (Reach.REACHABLE, told.Device.ON_HOLD, Device.BUSY),
        (Reach.REACHABLE, told.Device.UNAVAILABLE, Device.UNREACHABLE),
        (Reach.UNREACHABLE, told.Device.FREE, Device.UNREACHABLE),
        (Reach.UNREACHABLE, told.Device.BUSY, Device.UNREACHABLE),
        (None, told.Device.FREE, Device.UNREACHABLE),
        # It registered just now: whether it answers, the first probe tells.
        (Reach.UNKNOWN, told.Device.FREE, Device.IDLE),
        (Reach.UNKNOWN, told.Device.UNAVAILABLE, Device.UNREACHABLE),
        # Of the device nothing was told.
        (Reach.REACHABLE, None, Device.UNREACHABLE),
    ],
)
def test_a_seat_is_what_its_contact_and_its_device_say(
    contact: Reach | None, state: told.Device | None, device: Device
) -> None:
    contacts = {} if contact is None else {"seat-02": contact}
    devices = {} if state is None else {"seat-02": state}
    seats = {seen.seat: seen for seen in look(replace(NOTHING, contacts=contacts, devices=devices)).seats}
    assert tuple(seats) == SEATS
    assert seats["seat-02"] == SeatSeen("seat-02", device, held=state is told.Device.ON_HOLD)
    assert seats["seat-01"].device is Device.UNREACHABLE


def test_a_seat_that_is_dialled_is_not_idle_though_its_device_still_says_so(telephones: Telephones) -> None:
    telephones.dials(telephones.comes(), "seat-01")
    assert telephones.devices["seat-01"] is told.Device.FREE
    seat, *_ = look(telephones.seen()).seats
    assert (seat.device, seat.joined) == (Device.BUSY, False)


def test_a_seat_in_a_conversation_says_with_whom_and_whether_it_holds_him(telephones: Telephones) -> None:
    call = telephones.comes()
    telephones.answers(telephones.dials(call, "seat-01", 1))
    seat, *_ = look(telephones.seen()).seats
    assert seat == SeatSeen("seat-01", Device.BUSY, call, joined=True)
    telephones.device("seat-01", told.Device.ON_HOLD)
    seat, *_ = look(telephones.seen()).seats
    assert seat == SeatSeen("seat-01", Device.BUSY, call, joined=True, held=True)


def test_of_two_channels_of_a_seat_the_one_that_talks_counts(telephones: Telephones) -> None:
    talking, waiting = telephones.comes(), telephones.comes("13800000002")
    leg = telephones.dials(talking, "seat-01", 1)
    telephones.dials(waiting, "seat-01")
    telephones.answers(leg)
    seat, *_ = look(telephones.seen()).seats
    assert (seat.call, seat.joined) == (talking, True)


# --- who is signed in ------------------------------------------------------------------------------------------------


def test_a_sign_in_comes_back_as_it_was_kept() -> None:
    kept = {
        sign_in_key("seat-01"): write_sign_in("zhang-wei", None, NOW_S - 60),
        sign_in_key("seat-02"): write_sign_in("li-na", "meal", NOW_S - 5),
    }
    first, second = look(replace(NOTHING, database=kept)).people
    assert first == SignedInSeen("seat-01", "zhang-wei", None, pytest.approx(60, abs=0.5))
    assert second == SignedInSeen("seat-02", "li-na", "meal", pytest.approx(5, abs=0.5))


def test_other_things_of_ours_in_the_database_are_no_sign_ins() -> None:
    assert look(replace(NOTHING, database={"seat-01/at/old": "x", "flat": "y", "seat-01/since": "17"})).people == ()


@pytest.mark.parametrize("key", ["/at", "席/at", "seat 1/at", f"{'s' * 200}/at"])
def test_a_key_that_names_no_seat_is_left_alone_for_nobody_of_ours_wrote_it(key: str) -> None:
    assert look(replace(NOTHING, database={key: "zhang-wei 5"})).people == ()


def test_after_the_clock_was_set_back_nobody_was_signed_in_in_the_future() -> None:
    assert read_sign_in("s", write_sign_in("zhang-wei", "meal", NOW_S + 3600), NOW_S) == SignedInSeen(
        "s", "zhang-wei", "meal", 0.0
    )


@pytest.mark.parametrize(
    ("text", "person", "reason"),
    [
        ("zhang-wei", "zhang-wei", None),  # as it was kept before times were
        ("zhang-wei yesterday", "zhang-wei", None),
        ("zhang-wei -5 meal", "zhang-wei", "meal"),
        (f"zhang-wei {'9' * 500}", "zhang-wei", None),
        (f"zhang-wei {'9' * 500} no such reason", "zhang-wei", "no such reason"),
        ("", "", None),
        ("  ", "", None),
        ('张三; "x"', "张三;", None),
        ("\ufffd\x00", "\ufffd\x00", None),
    ],
)
def test_a_sign_in_that_makes_no_sense_is_read_as_somebody_and_has_no_age(
    text: str, person: str, reason: str | None
) -> None:
    seen = read_sign_in("seat-01", text, NOW_S)
    assert (seen.seat, seen.person, seen.reason, seen.since_s) == ("seat-01", person, reason, 0.0)
