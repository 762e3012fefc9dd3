"""Who only reports by telephone is no caller in the catch-up; who is handed over to a call-taker becomes one."""

from datetime import UTC, datetime, timedelta

from intake import fact
from intake.edge.history import History, Told
from telephony.cel import ChannelEvent

BEGAN = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
CALL, LEG, BRIDGE = "liandong-1795611118.17", "liandong-1795611140.19", '{"bridge_id":"b"}'


def row(at: float, kind: str, *, channel: str = CALL, context: str = "feedback", more: str = "") -> ChannelEvent:
    name = "PJSIP/city-00000001" if channel == CALL else "PJSIP/seat-01-00000002"
    moment = BEGAN + timedelta(seconds=at)
    return ChannelEvent(moment, kind, CALL, channel, name, "87000119", "87000000", context, "", "", more)


REPORTS = [row(0, "CHAN_START", context="unified"), row(0.1, "Feedback"), row(0.2, "ANSWER")]
ANSWERED = [
    row(25, "CHAN_START", channel=LEG, context="seats"),
    row(26, "Joined", channel=LEG, more='{"extra":"engine"}'),
    row(26, "BRIDGE_ENTER", channel=LEG, more=BRIDGE),
    row(26, "BRIDGE_ENTER", more=BRIDGE),
]
END = row(60, "CHAN_END")


def told(*rows: ChannelEvent) -> list[Told]:
    history = History(["seat-01"])
    return [each for event in rows for each in history.feed(event)]


def test_who_reports_and_hangs_up_is_no_caller() -> None:
    assert told(*REPORTS, row(12, "APP_START"), END) == []


def test_who_is_handed_over_is_a_caller_from_that_moment_on() -> None:
    arrived, answered, ended = told(*REPORTS, row(20, "Caller"), *ANSWERED, END)
    assert (arrived.fact, arrived.at) == (fact.CallArrived(CALL, "87000000", "87000119"), BEGAN + timedelta(seconds=20))
    assert isinstance(answered.fact, fact.CallAnswered)
    assert (answered.fact.seat, answered.fact.waited_s) == ("seat-01", 6.0)
    assert isinstance(ended.fact, fact.CallEnded)
    assert (ended.fact.answered, ended.fact.lasted_s) == (True, 40.0)


def test_an_asterisk_that_was_killed_ends_a_callers_call_and_tells_nothing_of_who_reports() -> None:
    for rows, facts in ((REPORTS, 0), ([*REPORTS, row(20, "Caller")], 1)):
        history = History(["seat-01"])
        before = [each for event in rows for each in history.feed(event)]
        assert list(history.open) == [CALL]
        assert len([*before, *history.lose([CALL])]) == 2 * facts
        assert not history.open


def test_a_duty_telephone_that_calls_a_seat_is_no_caller() -> None:
    assert told(row(0, "CHAN_START", context="duty"), *ANSWERED, END) == []
