"""What a real Asterisk wrote, as the floors above hear it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from telephony.manager.channel import ChannelState
from telephony.manager.conversation import Reply
from telephony.manager.event import (
    Accepted,
    Arrived,
    Carried,
    ContactChanged,
    DepartmentKey,
    DepartmentStep,
    Device,
    DeviceChanged,
    DialEnded,
    Dialled,
    DialOutcome,
    Ended,
    Event,
    Held,
    Joined,
    Left,
    Offered,
    Originated,
    Pressed,
    Reach,
    Refused,
    Resumed,
    Ringing,
    SilentCall,
    Stale,
    Step,
    Told,
)
from telephony.manager.reading import EVENTS, read_event
from telephony.manager.snapshot import QUESTIONS, ROWS, read_snapshot
from telephony.manager.wire import Decoder, Message

RECORDED = (Path(__file__).parent / "recorded_manager.txt").read_bytes()
MESSAGES = [item for item in Decoder(EVENTS | ROWS).feed(RECORDED) if isinstance(item, Message)]
HEARD = [event for item in MESSAGES if "Timestamp" in item.fields and (event := read_event(item)) is not None]


def of_call(number: str) -> list[Event]:
    """What was heard about this caller's call."""
    (begun,) = (event for event in HEARD if isinstance(event, Arrived) and event.channel.number == number)
    return [
        event for event in HEARD if (channel := getattr(event, "channel", None)) and channel.call == begun.channel.id
    ]


def user_event(name: str, **fields: str) -> Message:
    known = next(item for item in MESSAGES if item.event == "UserEvent")
    fields = {"UserEvent": name, **fields}
    return Message(
        "UserEvent", {k: v for k, v in known.fields.items() if k not in ("UserEvent", "Call", "Service")} | fields
    )


def test_a_call_that_is_answered_held_and_ended_is_told_step_by_step_and_no_helper_is_seen() -> None:
    told = of_call("13800000001")
    assert [type(event) for event in told] == [
        *(Arrived, Dialled, Ringing, Accepted, DialEnded, Accepted, Joined, Joined),
        *(Held, Resumed, Left, Left, Ended, Ended),
    ]
    assert {event.channel.endpoint for event in told if isinstance(event, Joined)} == {"city", "seat-03"}
    assert [event.size for event in told if isinstance(event, Joined)] == [1, 2]


def test_a_caller_is_told_with_what_the_dialplan_knows_of_him() -> None:
    arrived, *_, ended = of_call("13800000001")
    assert isinstance(arrived, Arrived)
    assert (arrived.channel.context, arrived.channel.extension, arrived.channel.state) == (
        "unified",
        "119",
        ChannelState.CALLING,
    )
    assert arrived.at.tzinfo is UTC
    assert isinstance(ended, Ended)
    assert (ended.channel.called, ended.channel.fence, ended.channel.path) == ("119", 1, "engine")


def test_a_seat_that_is_rung_says_by_whom_and_a_rejection_ends_the_offer() -> None:
    told = of_call("13800000002")
    dialled, *_ = (event for event in told if isinstance(event, Dialled))
    assert dialled.by is not None
    assert (dialled.by.number, dialled.channel.endpoint) == ("13800000002", "seat-04")
    ended, *_ = (event for event in told if isinstance(event, DialEnded))
    (offered,) = (event for event in told if isinstance(event, Offered))
    assert (ended.outcome, offered.outcome, offered.fence) == (DialOutcome.BUSY, DialOutcome.BUSY, 1)


def test_a_caller_who_cannot_speak_is_told_by_key_and_by_service() -> None:
    told = of_call("13800000003")
    assert [event.key for event in told if isinstance(event, Pressed)] == ["5", "2"]
    (silent,) = (event for event in told if isinstance(event, SilentCall))
    assert (silent.service, silent.channel.shown_name) == ("fire", "静音报警 119")


def test_a_seat_that_dies_is_unreachable() -> None:
    reach = [event.reach for event in HEARD if isinstance(event, ContactChanged) and event.endpoint == "seat-03"]
    assert reach == [Reach.UNKNOWN, Reach.REACHABLE, Reach.UNREACHABLE]
    states = [event.state for event in HEARD if isinstance(event, DeviceChanged) and event.endpoint == "seat-03"]
    assert states == [Device.FREE, Device.BUSY, Device.FREE, Device.UNAVAILABLE]


def test_what_became_of_an_origination_is_an_outcome() -> None:
    told = {event.channel_id: event.outcome for event in HEARD if isinstance(event, Originated)}
    assert told == {
        "ld-1": DialOutcome.ACCEPTED,
        "ld-3": DialOutcome.FAILED,
        "ld-4": DialOutcome.FAILED,
        "ld-5": DialOutcome.NO_ANSWER,
    }


@pytest.mark.parametrize("step", Step)
def test_a_duty_line_tells_its_steps(step: Step) -> None:
    told = read_event(user_event("DepartmentStep", Step=step.value))
    assert isinstance(told, DepartmentStep)
    assert told.step is step


@pytest.mark.parametrize("key", ["1", "9", "*", "#"])
def test_a_duty_line_tells_its_keys(key: str) -> None:
    told = read_event(user_event("DepartmentKey", Key=key))
    assert isinstance(told, DepartmentKey)
    assert told.key == key


GEO = "header=%3Ccid%3Aloc%40x%3E&format=GML&confidence=value%3D%2268%22&method=GPS&length="
INFO = "shape%3D%22Circle%22%2Cpos%3D%2239.9%20116.4%22"


def test_what_an_invite_carried_is_decoded() -> None:
    told = read_event(user_event("Carried", Geo=f"{GEO}31", Info=INFO))
    assert isinstance(told, Carried)
    assert (told.header, told.format, told.confidence, told.method) == ("<cid:loc@x>", "GML", 'value="68"', "GPS")
    assert told.location_info == 'shape="Circle",pos="39.9 116.4"'


@pytest.mark.parametrize("length", ["30", "32", "", "x", "-1", "4096", "9" * 50, "٣١"])
def test_half_a_position_is_none_rather_than_another_one(length: str) -> None:
    told = read_event(user_event("Carried", Geo=f"{GEO}{length}", Info=INFO))
    assert isinstance(told, Carried)
    assert (told.header, told.location_info) == ("<cid:loc@x>", "")


@pytest.mark.parametrize(
    ("geo", "info"), [("", ""), ("&&=", "%"), ("header=%0d%0aEvent%3a x", "%ff%00"), ("length=1", "%")]
)
def test_whatever_stands_in_a_header_it_is_one_line_of_text(geo: str, info: str) -> None:
    told = read_event(user_event("Carried", Geo=geo, Info=info))
    assert isinstance(told, Carried)
    assert all(sign.isprintable() or sign == "\ufffd" for sign in told.header + told.location_info)


def test_an_event_of_the_dialplan_that_nobody_knows_yet_is_told_with_its_own_fields() -> None:
    told = read_event(user_event("Drill", Call="x", Number="5\n"))
    assert isinstance(told, Told)
    assert (told.name, told.fields) == ("Drill", {"Call": "x", "Number": "5�"})


def test_an_offer_that_a_gate_refused_says_so() -> None:
    told = read_event(user_event("Offered", Call="x", Fence="3", Outcome="BUSY", Raced="1"))
    assert isinstance(told, Offered)
    assert (told.fence, told.outcome, told.raced) == (3, DialOutcome.BUSY, True)
    told = read_event(user_event("Offered", Call="x", Fence="3", Outcome="BUSY", Raced=""))
    assert isinstance(told, Offered)
    assert not told.raced


def test_a_gate_that_refused_and_a_decision_that_was_stale_are_told() -> None:
    refused = read_event(user_event("Refused", Call="x", Fence="3", Seat="seat-04"))
    assert isinstance(refused, Refused)
    assert (refused.fence, refused.seat) == (3, "seat-04")
    stale = read_event(user_event("Stale", Call="x", Fence="2"))
    assert isinstance(stale, Stale)
    assert stale.fence == 2


def test_the_engines_own_keys_and_those_of_a_pin_were_pressed_by_nobody() -> None:
    known = next(item for item in MESSAGES if item.event == "DTMFEnd")
    assert isinstance(read_event(known), Pressed)
    for hidden in ({"Digit": "A"}, {"Digit": "B"}, {"Context": "wish"}):
        assert read_event(Message("DTMFEnd", {**known.fields, **hidden})) is None


def test_control_characters_of_a_sip_uri_reach_nobody() -> None:
    known = next(item for item in MESSAGES if item.event == "Newchannel" and item.fields["ChannelState"] == "4")
    told = read_event(Message("Newchannel", {**known.fields, "CallerIDNum": "1\n2\x07", "Exten": "119\n"}))
    assert isinstance(told, Arrived)
    assert (told.channel.number, told.channel.extension) == ("1�2�", "119�")


@pytest.mark.parametrize("lost", [{"Timestamp": "soon"}, {"Timestamp": "1e300"}, {"Cause": "x"}, {"Timestamp": "nan"}])
def test_an_event_with_a_senseless_value_is_not_asterisks(lost: dict[str, str]) -> None:
    known = next(item for item in MESSAGES if item.event == "Hangup" and item.fields["Channel"].startswith("PJSIP"))
    with pytest.raises(ValueError, match=r"."):
        read_event(Message("Hangup", {**known.fields, **lost}))


def test_an_event_without_a_field_is_not_asterisks() -> None:
    known = next(item for item in MESSAGES if item.event == "Hangup" and item.fields["Channel"].startswith("PJSIP"))
    for key in ("Timestamp", "Uniqueid", "Cause", "Exten"):
        with pytest.raises(ValueError, match=key):
            read_event(Message("Hangup", {k: v for k, v in known.fields.items() if k != key}))


def test_a_heard_event_has_asterisks_time() -> None:
    times = [event.at for event in HEARD]
    assert times == sorted(times)
    assert times[0] > datetime(2020, 1, 1, tzinfo=UTC)


def replies() -> list[Reply]:
    """The recorded answers to the questions of a snapshot."""
    rows = {
        "CoreShowChannels": "CoreShowChannel",
        "BridgeList": "BridgeListItem",
        "PJSIPShowContacts": "ContactList",
        "DeviceStateList": "DeviceStateChange",
        "DBGetTree": "DBGetTreeResponse",
    }
    return [
        Reply({}, tuple(item for item in MESSAGES if item.event == rows[action] and item.action_id))
        for action, _ in QUESTIONS
    ]


def test_a_snapshot_tells_who_talks_who_rings_and_who_waits() -> None:
    snapshot = read_snapshot(replies())
    by_endpoint = {each.channel.endpoint: each for each in snapshot.channels}
    assert by_endpoint.keys() == {"city", "seat-03", "seat-04"}
    callers = {each.channel.number: each for each in snapshot.channels if each.channel.endpoint == "city"}
    talking, ringing, waiting = (callers[f"1380000000{n}"] for n in (1, 2, 3))
    assert talking.bridge == by_endpoint["seat-03"].bridge != ""
    assert (ringing.bridge, ringing.application, ringing.channel.fence) == ("", "Dial", 1)
    assert by_endpoint["seat-04"].channel.call == ringing.channel.id
    assert waiting.channel.context == "waiting"
    (bridge,) = snapshot.bridges
    assert set(bridge.channels) == {talking.channel.id, by_endpoint["seat-03"].channel.id}
    assert snapshot.contacts == {"seat-03": Reach.REACHABLE, "seat-04": Reach.REACHABLE}
    assert snapshot.devices["seat-01"] is Device.UNAVAILABLE
    assert snapshot.database["seat-01/signed in"] == '张三; "x"'


def test_a_channel_that_is_told_twice_is_as_it_was_told_last() -> None:
    twice = replies()
    rows = twice[0].rows
    (talking,) = (row for row in rows if row.fields["CallerIDNum"] == "13800000001")
    changed = Message(talking.event, {**talking.fields, "Application": "Playback", "BridgeId": ""})
    twice[0] = Reply({}, (*rows, changed))
    snapshot = read_snapshot(twice)
    assert len(snapshot.channels) == len(read_snapshot(replies()).channels)
    (seen,) = (each for each in snapshot.channels if each.channel.number == "13800000001")
    assert (seen.application, seen.bridge) == ("Playback", "")
    assert all(seen.channel.id not in bridge.channels for bridge in snapshot.bridges)


def test_a_row_that_lacks_something_makes_no_snapshot() -> None:
    damaged = replies()
    rows = damaged[0].rows
    lame = Message(rows[0].event, {k: v for k, v in rows[0].fields.items() if k != "BridgeId"})
    damaged[0] = Reply({}, (lame, *rows[1:]))
    with pytest.raises(ValueError, match="BridgeId"):
        read_snapshot(damaged)
