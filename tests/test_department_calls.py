"""A duty line is called on a real Asterisk: the order is heard, and every key that somebody presses counts once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from config.field import Language
from intake.edge.history import History
from phones import IncomingCall, Policy, ignore, reject, ring_then_answer, silent
from telephony.cel import rows_in
from telephony.department import back_noted, came_to, department_call, end_noted, key_noted, step_of
from telephony.manager.error import BadAction
from telephony.manager.event import DepartmentKey, DialOutcome, Ended, Originated, Ringing, Step
from telephony.manager.exchange import Origination
from telephony.manager.outcome import Answered
from telephony.prompt.order import said_code
from tests.centre import small_disk
from tests.conversation import taken
from tests.duty_room import CODE, TEXT, WITHIN, DutyRoom, duty_room, forget
from tests.sound import HEARD, UNHEARD, heard_to_its_end, told

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHORT = "请派车。"
"""Of a prompt, so much is recognised at least when it was heard; the sound of the last 100 ms may be cut."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(sounds: Path) -> AsyncIterator[DutyRoom]:
    async with duty_room(sounds) as room:
        yield room


@pytest_asyncio.fixture(loop_scope="module")
async def room(running: DutyRoom) -> AsyncIterator[DutyRoom]:
    """The room; every call of a test ends with it, is recorded, and is no caller's."""
    await forget(running.line)
    yield running
    await running.centre.manager.silence()
    assert running.line.unexpected == ()


async def hears(
    room: DutyRoom, call: IncomingCall, *prompts: str, language: str = "zh", no: tuple[str, ...] = ()
) -> None:
    """These were heard in that call, those not."""
    folder = room.centre.state / "asterisk" / "sounds" / language
    for prompt in prompts:
        await heard_to_its_end(call, folder / f"{prompt}.wav")
    for prompt in no:
        assert await asyncio.to_thread(told, call.received, folder / f"{prompt}.wav") < UNHEARD, prompt


async def arrived(room: DutyRoom, attempt: str, key: str) -> None:
    """Wait until Asterisk has the key, whatever the dialplan makes of it: a hanging up may overtake it on its way."""
    await room.centre.manager.wait(
        lambda event: (event.get("Event"), event.get("Uniqueid"), event.get("Digit")) == ("DTMFEnd", attempt, key)
    )


async def heard_text(room: DutyRoom, call: IncomingCall, text: str, language: Language = Language.ZH) -> float:
    return await asyncio.to_thread(told, call.received, Path(f"{room.speaker.place(text, language)}.wav"))


def wanted(attempt: str, text: Path | None, key_s: float = 1) -> Origination:
    """The call of an attempt that is spoken once."""
    return department_call(
        attempt,
        7,
        "PJSIP/87000119@city",
        ring_s=20,
        language=Language.ZH,
        text=text,
        code=None,
        repeats=False,
        spoken=1,
        key_s=key_s,
    )


# --- what is heard ---------------------------------------------------------------------------------------------------


async def test_who_presses_nothing_hears_the_order_twice_and_the_line_ends(room: DutyRoom) -> None:
    attempt, call = await room.answered(text=SHORT, key_s=0.5)
    await call.ended(60)
    await room.ended(attempt)
    once = (Step.SPEAKING, Step.LISTENING)
    await room.steps(attempt, *once, *once, Step.NO_KEY)
    await room.keys(attempt)
    await hears(room, call, "order-intro", "order-keys", no=("order-repeats", "order-unspoken"))
    assert await heard_text(room, call, SHORT) > 0.6  # a short text has few pieces to be recognised by
    assert await room.noted(attempt, "key") is None
    assert await room.noted(attempt, "end") == "hung-up"
    assert (call.number, call.caller, call.caller_name) == (room.line.user, "87000000", "联动")


async def test_the_whole_order_is_heard_in_the_departments_own_language(room: DutyRoom) -> None:
    text = "Fire at twelve Morning Light Road, people trapped. Send fire engines."
    spoken = await room.speaker.spoken(text, Language.EN)
    attempt = await room.call(text=TEXT, language=Language.EN, repeats=True, spoken=1, key_s=0.5)
    room.line.policy = ring_then_answer()
    call = await taken(room.line)
    await call.ended(60)
    await room.ended(attempt)
    await hears(room, call, "order-intro", "order-repeats", "order-keys", language="en")
    assert await heard_text(room, call, TEXT) > HEARD
    await hears(room, call, no=("order-intro", "order-keys"))
    assert spoken.with_name(f"{spoken.name}.wav").stat().st_mode & 0o777 == 0o600
    assert spoken.parent.stat().st_mode & 0o777 == 0o700


async def test_an_order_that_cannot_be_spoken_says_so_and_can_be_taken_all_the_same(room: DutyRoom) -> None:
    attempt, call = await room.answered(text=None, spoken=1, key_s=WITHIN)
    await room.awaits_a_key(attempt)
    await hears(room, call, "order-unspoken", "order-keys")
    await room.steps(attempt, Step.SPEAKING)  # nobody has heard it
    await call.send_keys("1")
    await room.keys(attempt, "1")
    await room.say(attempt, "thanks")
    await call.ended()


async def test_an_order_that_is_spoken_late_is_heard_when_it_is(room: DutyRoom) -> None:
    text = "晨光路十四号有人落水，请派救生艇。"
    room.line.policy = ring_then_answer()
    attempt = room.attempt()
    place = room.speaker.place(text, Language.ZH)
    assert await room.link.originate(wanted(attempt, place, key_s=WITHIN)) == Answered(None)
    call = await taken(room.line)
    await room.awaits_a_key(attempt)
    assert await room.speaker.spoken(text, Language.ZH) == place
    await call.send_keys("2")
    await room.steps(attempt, Step.SPEAKING, Step.SPEAKING, Step.LISTENING)
    await call.hang_up()
    await room.ended(attempt)


async def test_a_text_may_be_spoken_into_its_files_while_the_telephone_rings(room: DutyRoom) -> None:
    text = "晨光路十三号天然气泄漏，请派抢修队。"
    room.line.policy = ignore()
    attempt = room.attempt()
    place = room.speaker.place(text, Language.ZH)
    assert await room.link.originate(wanted(attempt, place)) == Answered(None)
    call = await room.line.incoming()
    assert await room.speaker.spoken(text, Language.ZH) == place
    await call.answer()
    await room.steps(attempt, Step.SPEAKING, Step.LISTENING)
    assert await heard_text(room, call, text) > HEARD
    await call.hang_up()
    await room.ended(attempt)


# --- keys ------------------------------------------------------------------------------------------------------------


async def test_key_1_during_the_prompt_counts_and_thanks_and_the_code_end_the_call(room: DutyRoom) -> None:
    attempt, call = await room.answered()
    await call.hears_something()
    await call.send_keys("1")
    await room.steps(attempt, Step.SPEAKING, Step.CLOSING)
    await room.keys(attempt, "1")
    assert await room.noted(attempt, "key") == "1"
    assert (await room.sight()).database[key_noted(attempt)] == "1"
    await room.say(attempt, "thanks")
    await call.ended()
    await room.ended(attempt)
    await hears(room, call, "order-thanks", "order-code", no=("order-keys",))
    assert await heard_text(room, call, said_code(CODE, Language.ZH)) > 0.6
    assert (await room.sight()).database[end_noted(attempt)] == "hung-up"


async def test_key_9_is_noted_and_who_pressed_it_is_told_that_somebody_else_is_called(room: DutyRoom) -> None:
    attempt, call = await room.answered()
    await call.send_keys("9")
    await room.keys(attempt, "9")
    assert await room.noted(attempt, "key") == "9"
    await room.say(attempt, "next")
    await call.ended()
    await hears(room, call, "order-next")


async def test_key_2_has_it_spoken_from_its_beginning_as_often_as_wanted(room: DutyRoom) -> None:
    attempt, call = await room.answered(text=SHORT, spoken=1, key_s=0.5)
    for _ in range(3):
        await call.hears_something()
        await call.send_keys("2")
    await call.ended(60)
    await room.ended(attempt)
    await room.keys(attempt, "2", "2", "2")
    await room.steps(attempt, *(4 * (Step.SPEAKING,)), Step.LISTENING, Step.NO_KEY)
    assert await room.noted(attempt, "key") is None


async def test_another_key_is_told_and_the_keys_are_said_when_the_engine_wants_it(room: DutyRoom) -> None:
    attempt, call = await room.answered(key_s=WITHIN)
    await call.hears_something()
    await call.send_keys("5")
    await room.keys(attempt, "5")
    await room.say(attempt, "keys")
    await room.awaits_a_key(attempt)
    await hears(room, call, "order-keys")
    await room.steps(attempt, Step.SPEAKING)  # the order itself was not heard to its end
    await call.send_keys("*1")
    await room.keys(attempt, "5", "*", "1")
    await room.say(attempt, "thanks")
    await call.ended()


async def test_what_is_pressed_after_a_key_that_decides_changes_nothing_and_a_9_is_noted_beside_it(
    room: DutyRoom,
) -> None:
    attempt, call = await room.answered()
    await call.send_keys("12")
    await room.keys(attempt, "1", "2")
    assert await room.noted(attempt, "back") is None
    await call.send_keys("9")
    await room.keys(attempt, "1", "2", "9")
    assert await room.noted(attempt, "key") == "1"
    await room.say(attempt, "thanks")
    await call.ended()
    await room.ended(attempt)
    seen = (await room.sight()).database
    assert (seen[key_noted(attempt)], seen[back_noted(attempt)]) == ("1", "9")


async def test_who_presses_1_and_hangs_up_at_once_has_taken_it(room: DutyRoom) -> None:
    for _ in range(5):
        attempt, call = await room.answered()
        await call.hears_something()
        await call.send_keys("1")
        await arrived(room, attempt, "1")
        await call.hang_up()
        await room.ended(attempt)
        assert await room.noted(attempt, "key") == "1"
        await room.keys(attempt, "1")
        order = [
            type(each)
            for each in room.heard
            if each in (*room.told(DepartmentKey, attempt), *room.told(Ended, attempt))
        ]
        assert order == [DepartmentKey, Ended]


async def test_who_takes_it_and_takes_it_back_and_hangs_up_at_once_is_told_of(room: DutyRoom) -> None:
    for _ in range(5):
        attempt, call = await room.answered()
        await call.send_keys("1")
        await room.steps(attempt, Step.SPEAKING, Step.CLOSING)
        await call.send_keys("9")
        await arrived(room, attempt, "9")
        await call.hang_up()
        await room.ended(attempt)
        assert (await room.noted(attempt, "key"), await room.noted(attempt, "back")) == ("1", "9")
        await room.keys(attempt, "1", "9")


async def test_who_hangs_up_during_the_prompt_has_taken_nothing(room: DutyRoom) -> None:
    attempt, call = await room.answered()
    await call.hears_something()
    await call.hang_up()
    await room.ended(attempt)
    await room.keys(attempt)
    assert await room.noted(attempt, "key") is None
    assert await room.noted(attempt, "end") == "hung-up"


async def test_with_no_word_from_the_engine_the_line_waits_in_silence_and_ends(room: DutyRoom) -> None:
    attempt, call = await room.answered()
    await call.send_keys("1")
    await room.steps(attempt, Step.SPEAKING, Step.CLOSING)
    closing = next(each.at for each in room.told(DepartmentKey, attempt))
    await call.ended(40)
    ended = await room.ended(attempt)
    assert 13 < (ended.at - closing).total_seconds() < 25
    await hears(room, call, no=("order-thanks",))


async def test_two_officers_press_within_50_ms_and_each_line_has_noted_its_own(room: DutyRoom) -> None:
    first, one = await room.answered()
    second, other = await room.answered(fence=8)
    await asyncio.gather(one.send_keys("1"), other.send_keys("1"))
    await asyncio.gather(room.keys(first, "1"), room.keys(second, "1"))
    await room.say(first, "thanks")
    await room.say(second, "taken", fence=8)
    await asyncio.gather(one.ended(), other.ended())
    await hears(room, one, "order-thanks", no=("order-taken",))
    await hears(room, other, "order-taken", no=("order-thanks",))


# --- what the engine says --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["taken", "cancelled"])
async def test_who_hears_an_order_that_is_needed_no_more_is_told_so(room: DutyRoom, words: str) -> None:
    attempt, call = await room.answered()
    await call.hears_something()
    await room.say(attempt, words)
    await call.ended()
    await room.ended(attempt)
    await hears(room, call, f"order-{words}", no=("order-keys",))
    await room.keys(attempt)


async def test_what_has_another_fence_says_nothing_and_the_call_goes_on(room: DutyRoom) -> None:
    attempt, call = await room.answered(text=SHORT, fence=7)
    await call.hears_something()
    await room.say(attempt, "cancelled", fence=6)
    await room.steps(attempt, Step.SPEAKING, Step.SPEAKING)  # from its beginning: the key has interrupted it
    await call.send_keys("1")
    await room.keys(attempt, "1")
    await room.say(attempt, "taken", fence=8)
    await room.say(attempt, "thanks", fence=7)
    await call.ended()
    await hears(room, call, "order-thanks", no=("order-cancelled", "order-taken"))


# --- where it stands -------------------------------------------------------------------------------------------------


async def test_a_snapshot_shows_where_an_attempt_stands(room: DutyRoom) -> None:
    async def stands() -> Step | str | None:
        present = await room.present(attempt)
        return "absent" if present is None else step_of(present)

    room.line.policy = ignore()
    attempt = await room.call(text=SHORT)
    call = await room.line.incoming()
    await room.tells(Ringing, attempt)
    assert await stands() is None
    await call.answer()
    await room.centre.until("speaking", stands, Step.SPEAKING)
    await room.centre.until("listening", stands, Step.LISTENING, within=30)
    await call.send_keys("1")
    await room.centre.until("closing", stands, Step.CLOSING)
    await room.say(attempt, "thanks")
    await call.hears_something()
    assert await stands() in (Step.CLOSING, Step.SPEAKING, "absent")
    await call.ended()
    await room.ended(attempt)
    await room.centre.until("absent", stands, "absent")


# --- what it came to -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "ring_s", "outcome", "rang"),
    [
        (reject(486), 20, DialOutcome.BUSY, False),
        (reject(600), 20, DialOutcome.BUSY, False),
        (reject(486, after=0.2), 20, DialOutcome.BUSY, True),
        (reject(603), 20, DialOutcome.REJECTED, False),
        (reject(603, after=0.2), 20, DialOutcome.REJECTED, True),
        (reject(480), 20, DialOutcome.REJECTED, False),
        (reject(404), 20, DialOutcome.FAILED, False),
        (reject(503), 20, DialOutcome.FAILED, False),
        (ignore(), 5, DialOutcome.NO_ANSWER, True),
        (silent(), 1.5, DialOutcome.NO_ANSWER, False),
    ],
    ids=lambda value: f"{value.status}-{value.rings}" if isinstance(value, Policy) else str(value),
)
async def test_a_line_that_does_not_accept_says_why(
    room: DutyRoom, policy: Policy, ring_s: float, outcome: DialOutcome, rang: bool
) -> None:
    room.line.policy = policy
    attempt = await room.call(ring_s=ring_s)
    originated, ended = await asyncio.gather(room.tells(Originated, attempt), room.ended(attempt))
    assert came_to(originated.outcome, ended.cause) is outcome
    assert bool(room.told(Ringing, attempt)) is rang
    assert (await room.noted(attempt, "key"), await room.noted(attempt, "end")) == (None, None)


@pytest.mark.parametrize("dial", ["PJSIP/seat-01", "PJSIP/nobody"])
async def test_a_telephone_that_is_not_registered_fails_without_a_channel(room: DutyRoom, dial: str) -> None:
    attempt = await room.call(dial=dial)
    originated = await room.tells(Originated, attempt)
    assert came_to(originated.outcome, 0) is DialOutcome.FAILED
    assert room.told(Ended, attempt) == []


async def test_one_that_rings_is_hung_up(room: DutyRoom) -> None:
    room.line.policy = ignore()
    attempt = await room.call()
    call = await room.line.incoming()
    await room.tells(Ringing, attempt)
    assert await room.link.hang_up(attempt) == Answered(None)
    await call.ended()
    await room.ended(attempt)
    originated = await room.tells(Originated, attempt)
    assert originated.outcome is not DialOutcome.ACCEPTED


# --- what remains ----------------------------------------------------------------------------------------------------


async def test_every_call_of_a_duty_line_is_a_recording_with_its_evidence_and_no_callers_call(room: DutyRoom) -> None:
    attempt, call = await room.answered()
    call.play_tone(700)
    await call.hears_something()
    await call.send_keys("1")
    await room.keys(attempt, "1")
    await room.say(attempt, "thanks")
    await call.ended()
    await room.ended(attempt)

    async def evidence() -> list[str]:
        return [leg["role"] for each in room.centre.evidence() if each["call_id"] == attempt for leg in each["legs"]]

    await room.centre.until("it is recorded", evidence, ["department"], within=60)
    await room.centre.quiet()
    calls = {each["call_id"] for each in room.centre.evidence()}
    accepted = {
        each.channel_id for each in room.heard if isinstance(each, Originated) and each.outcome is DialOutcome.ACCEPTED
    }
    assert accepted <= calls
    log = room.centre.state / "log" / "asterisk" / "cel-custom" / "cel.csv"
    rows = rows_in(log.read_bytes())
    history = History(["seat-01", "seat-02"])
    assert rows.senseless == 0
    assert {event.call for _, event in rows.events} >= calls
    assert [each for _, event in rows.events for each in history.feed(event)] == []
    assert not history.open


async def test_a_full_disk_keeps_the_key_from_being_noted_and_not_from_being_told(
    sounds: Path, short_path: Path
) -> None:
    with small_disk(short_path / "disk", "300m") as disk:
        async with duty_room(sounds, disk=disk) as room:
            attempt, call = await room.answered()
            await call.hears_something()
            disk.fill()
            await call.send_keys("1")
            await room.keys(attempt, "1")
            disk.empty()
            await room.say(attempt, "thanks")
            await call.ended()


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attempt", ["", "../x", "a/b", "a b", "a\nb", "x" * 200])
async def test_an_id_that_no_recording_could_have_calls_nobody(attempt: str) -> None:
    with pytest.raises(BadAction):
        wanted(attempt, None)


@pytest.mark.parametrize(("words", "fence"), [("shout", 1), ("", 1), ("keys", 0), ("keys+x", 1), ("order", 1)])
async def test_what_no_line_can_be_told_is_not_sent(room: DutyRoom, words: str, fence: int) -> None:
    with pytest.raises(BadAction):
        await room.link.say("x", fence, words)
