"""Which answer belongs to which action, and which events to nobody."""

from telephony.manager.conversation import ROWS_MAX, Concluded, Conversation, Happening, Reply
from telephony.manager.outcome import Answered, Refused
from telephony.manager.reading import EVENTS
from telephony.manager.snapshot import ROWS
from telephony.manager.wire import Message

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
DEVICE = "Event: DeviceStateChange\r\nDevice: PJSIP/seat-01\r\nState: INUSE\r\n"


def conversation() -> Conversation:
    begun = Conversation("secret", EVENTS | ROWS)
    begun.receive(GREETING)
    return begun


def hear(talk: Conversation, *messages: str) -> list[Happening]:
    return talk.receive("".join(message + "\r\n" for message in messages).encode())


def test_an_answer_finds_its_action_whatever_comes_first() -> None:
    talk = conversation()
    first, data = talk.ask("Ping")
    second, _ = talk.ask("Ping")
    assert f"ActionID: {first}\r\n".encode() in data
    told = hear(talk, f"Response: Success\r\nActionID: {second}\r\n", f"Response: Success\r\nActionID: {first}\r\n")
    assert [item.action_id for item in told if isinstance(item, Concluded)] == [second, first]
    assert talk.waiting == 0


def test_a_refusal_has_asterisks_own_words() -> None:
    talk = conversation()
    asked, _ = talk.ask("Redirect")
    (told,) = hear(talk, f"Response: Error\r\nActionID: {asked}\r\nMessage: Channel does not exist: x\r\n")
    assert told == Concluded(asked, Refused("Channel does not exist: x"))


def test_a_list_is_answered_when_it_is_complete_and_events_between_its_rows_are_events() -> None:
    talk = conversation()
    asked, _ = talk.ask("DeviceStateList")
    rows = [DEVICE.replace("01", f"{n:02}") + f"ActionID: {asked}\r\n" for n in (1, 2)]
    assert hear(talk, f"Response: Success\r\nActionID: {asked}\r\nEventList: start\r\n", rows[0]) == []
    (event,) = hear(talk, DEVICE.replace("01", "09"))
    assert isinstance(event, Message)
    assert event.fields["Device"] == "PJSIP/seat-09"
    (told,) = hear(talk, rows[1], f"Event: DeviceStateListComplete\r\nActionID: {asked}\r\nEventList: Complete\r\n")
    assert isinstance(told, Concluded)
    assert isinstance(told.outcome, Answered)
    assert [row.fields["Device"] for row in told.outcome.value.rows] == ["PJSIP/seat-01", "PJSIP/seat-02"]


def test_a_list_that_is_cancelled_or_never_ends_is_refused() -> None:
    talk = conversation()
    asked, _ = talk.ask("DeviceStateList")
    hear(talk, f"Response: Success\r\nActionID: {asked}\r\nEventList: start\r\n")
    (told,) = hear(talk, f"Event: DeviceStateListComplete\r\nActionID: {asked}\r\nEventList: cancelled\r\n")
    assert told == Concluded(asked, Refused("the list was cancelled"))
    asked, _ = talk.ask("DeviceStateList")
    hear(talk, f"Response: Success\r\nActionID: {asked}\r\nEventList: start\r\n")
    (told,) = hear(talk, *[DEVICE + f"ActionID: {asked}\r\n"] * (ROWS_MAX + 1))
    assert told == Concluded(asked, Refused(f"more than {ROWS_MAX} rows"))


def test_a_late_answer_is_nobodys() -> None:
    talk = conversation()
    asked, _ = talk.ask("Ping")
    talk.forget(asked)
    assert hear(talk, f"Response: Success\r\nActionID: {asked}\r\n") == []


def test_the_end_of_an_origination_is_an_event_also_when_it_overtakes_the_answer() -> None:
    talk = conversation()
    asked, _ = talk.ask("Originate")
    ended = f"Event: OriginateResponse\r\nActionID: {asked}\r\nUniqueid: x\r\nReason: 5\r\n"
    (event,) = hear(talk, ended)
    assert isinstance(event, Message)
    (told,) = hear(talk, f"Response: Success\r\nActionID: {asked}\r\n")
    assert isinstance(told, Concluded)
    assert told.outcome == Answered(Reply({"Response": "Success", "ActionID": asked}))
