"""A person at a seat signs in and out, pauses and is ready again by the keys of the telephone."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from liandong.centre import EXAMPLE, load_centre
from phones import OutgoingCall, Phone, What
from telephony.agi.answer import WISH_WORDS, Answer, Nothing, Word
from telephony.agi.question import Question, Wish, WishKind
from telephony.agi.server import AgiServer, End
from telephony.prompt.settings import PromptSettings
from tests.centre import Centre, running_centre
from tests.engine import Engine, playing_engine
from tests.sound import WITHIN_S, heard_to_its_end, told

pytestmark = pytest.mark.asyncio(loop_scope="module")

PIN = "271828"
HALF = 0.5  # no two words that are told here have more in common


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(sounds: Path) -> AsyncIterator[Centre]:
    with tempfile.TemporaryDirectory(prefix="ld-") as folder:
        async with running_centre(Path(folder), sounds, fallback={"heartbeat_s": 10}) as centre:
            yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(running: Centre) -> AsyncIterator[Centre]:
    """The centre, with nothing left of the test before, and nothing left after this one."""
    yield running
    phones = running.phones
    await running.hang_up(*phones)
    await running.manager.silence()
    assert all(not phone.unexpected for phone in phones)
    assert not [*running.raw()], "a wish is no conversation: nothing of it is recorded"


async def doing(centre: Centre, what: str) -> None:
    """Wait until the one telephone hears or is asked this: an application with its data."""

    async def done() -> bool:
        rows = [row.split("!") for row in (await centre.manager.command("core show channels concise")).splitlines()]
        return any(what in f"{row[5]} {row[6]}" for row in rows if row[0].startswith("PJSIP/seat-"))

    await centre.until(what, done, True)


async def hears(centre: Centre, call: OutgoingCall, word: str) -> None:
    """The telephone says this word, in the centre's first language; the person doesn't hear it out."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WITHIN_S
    while await asyncio.to_thread(told, call.received, prompt(centre, word)) <= HALF:
        assert loop.time() < deadline, f"{word} was not heard"
        await asyncio.sleep(0.2)
    await call.hang_up()


def prompt(centre: Centre, word: str) -> Path:
    return centre.state / "asterisk" / "sounds" / "zh" / f"wish-{word}.wav"


async def sign_in(centre: Centre, seat: Phone, keyed: str = "1001#", pin: str = f"{PIN}#") -> OutgoingCall:
    call = await seat.dial("*11")
    await doing(centre, "Read LD_STAFF,")
    await call.hears_something()
    await call.send_keys(keyed)
    await doing(centre, "Read LD_PIN,")
    await call.send_keys(pin)
    return call


def wishes(engine: Engine) -> list[tuple[str, ...]]:
    return [
        tuple(asked[key] for key in ("what", "kind", "seat", "staff", "pin", "reason")) for asked in engine.questions
    ]


async def test_who_signs_in_keys_in_a_number_and_a_pin_and_is_told_what_came_of_it(centre: Centre) -> None:
    seat = await centre.seat(3)
    async with playing_engine(centre, lambda _: "signed-in") as engine:
        call = await sign_in(centre, seat)
        await heard_to_its_end(call, prompt(centre, "signed-in"))
        await call.ended()  # by Asterisk, once it has been said
        assert wishes(engine) == [("wish", "sign-in", "seat-03", "1001", PIN, "")]


async def test_the_number_may_be_dialled_behind_the_code(centre: Centre) -> None:
    seat = await centre.seat(3)
    async with playing_engine(centre, lambda _: "wrong-pin") as engine:
        call = await seat.dial("*111002")
        await doing(centre, "Read LD_PIN,")
        await call.send_keys(f"{PIN}#")
        await hears(centre, call, "wrong-pin")
        assert wishes(engine) == [("wish", "sign-in", "seat-03", "1002", PIN, "")]


@pytest.mark.parametrize(
    ("dialled", "kind", "reason", "word"),
    [
        ("*12", "sign-out", "", "signed-out"),
        ("*13", "pause", "", "paused"),
        ("*132", "pause", "2", "paused"),
        ("*1399", "pause", "99", "no-such-reason"),
        ("*14", "ready", "", "not-signed-in"),
    ],
)
async def test_the_other_wishes_need_no_pin(centre: Centre, dialled: str, kind: str, reason: str, word: str) -> None:
    seat = await centre.seat(4)
    async with playing_engine(centre, lambda _: word) as engine:
        call = await seat.dial(dialled)
        await hears(centre, call, word)
        assert wishes(engine) == [("wish", kind, "seat-04", "", "", reason)]


async def test_who_keys_in_nothing_is_refused_and_nobody_is_asked(centre: Centre) -> None:
    seat = await centre.seat(3)
    async with playing_engine(centre, lambda _: "signed-in") as engine:
        call = await seat.dial("*11")
        await doing(centre, "Read LD_STAFF,")
        await call.send_keys("#")
        await hears(centre, call, "refused")
        assert engine.questions == []


async def test_with_no_engine_the_telephone_says_that_every_telephone_rings_all_the_same(centre: Centre) -> None:
    seat = await centre.seat(3)
    await hears(centre, await seat.dial("*14"), "away")
    await hears(centre, await sign_in(centre, seat), "away")


async def test_an_engine_that_is_frozen_costs_three_seconds_and_leaves_no_channel(centre: Centre) -> None:
    seat = await centre.seat(3)
    async with playing_engine(centre, lambda _: None) as engine:
        began = asyncio.get_running_loop().time()
        call = await seat.dial("*12")
        await hears(centre, call, "away")
        spoke = call.time_of(What.VOICE_HEARD)
        assert spoke is not None
        assert 3 <= spoke - began < 15
        await centre.manager.silence()
        assert len(engine.questions) == 1


async def test_a_person_who_hangs_up_in_the_middle_leaves_no_channel(centre: Centre) -> None:
    seat = await centre.seat(3)
    async with playing_engine(centre, lambda _: None) as engine:
        call = await seat.dial("*11")
        await doing(centre, "Read LD_STAFF,")
        await call.hang_up()
        await centre.manager.silence()
        call = await seat.dial("*12")
        await engine.heard(questions=1)
        await call.hang_up()
        await centre.manager.silence()


async def test_the_keys_of_a_pin_stand_in_no_file_of_asterisks_and_in_no_event(centre: Centre) -> None:
    seat = await centre.seat(3)
    since = len(centre.manager.events)
    async with playing_engine(centre, lambda _: "signed-in") as engine:
        await hears(centre, await sign_in(centre, seat), "signed-in")
        engine.stop_listening()  # Asterisk logs the address that it cannot reach
        await hears(centre, await sign_in(centre, seat), "away")
    await centre.manager.silence()
    files = [file for file in centre.state.rglob("*") if file.is_file() and file.suffix not in (".wav", ".wav16")]
    read = {file.name: file.read_bytes() for file in files}
    assert {"cel.csv", "cdr.csv", "messages", "console.log"} <= read.keys()
    assert b"1001" in read["messages"]  # the number may be told
    assert [name for name, data in read.items() if PIN.encode() in data] == []
    events = centre.manager.events[since:]
    assert [event for event in events if any(PIN in value for value in event.values())] == []
    keys = [event for event in events if event.get("Event") == "DTMFEnd"]
    assert {event["Context"] for event in keys} == {"wish"}  # whose keys the manager link tells nobody


async def test_the_real_server_and_the_real_dialplan_understand_each_other(centre: Centre) -> None:
    seat = await centre.seat(7)
    heard: list[Wish] = []

    async def decide(_: Question) -> Answer:
        return Nothing()

    async def grant(wish: Wish) -> str:
        heard.append(wish)
        await asyncio.sleep(0)
        return Word.SEAT_TAKEN

    server = AgiServer(decide, lambda _, __: None, wish=grant)
    async with playing_engine(centre, lambda _: None) as engine:
        engine.stop_listening()
        await server.start("127.0.0.1", centre.port("agi"))
        try:
            await hears(centre, await sign_in(centre, seat), "seat-taken")
        finally:
            await server.stop()
    (wish,) = heard
    assert (wish.kind, wish.seat, wish.staff) == (WishKind.SIGN_IN, "seat-07", "1001")
    assert wish.pin.reveal() == PIN
    assert wish.channel.startswith("PJSIP/seat-07-")
    assert server.ends == {End.ANSWERED: 1}


async def test_every_word_has_a_prompt() -> None:
    texts = load_centre(EXAMPLE).part(PromptSettings).texts()
    assert {f"wish-{word}" for word in WISH_WORDS} <= texts.keys()
    others = {word.value for word in Word if word not in (*WISH_WORDS, Word.CODE_KNOWN)}  # that code leads to a menu
    assert others | {"feedback-away", "report-away"} <= texts.keys()
