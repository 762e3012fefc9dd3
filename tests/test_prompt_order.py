"""The texts of orders are spoken off the loop: each once, whole or not at all, and for nobody else to read."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import soundfile

from config.field import Language
from telephony.prompt.error import SpeechError
from telephony.prompt.order import Speaker, said_code

TEXT = "启明区晨光路十二号发生火灾，有人被困，请派消防车。"
BUSY_S = 0.2
"""Of the processor, at a time; far above what was measured (20 ms with 50 texts at once)."""


@pytest_asyncio.fixture
async def speaker(tmp_path: Path) -> AsyncIterator[Speaker]:
    speaker = Speaker(tmp_path / "spoken")
    yield speaker
    await speaker.close()


def workers(speaker: Speaker) -> list[int]:
    """The processes that speak."""
    assert speaker._pool is not None
    return [*speaker._pool._processes]


def files(place: Path) -> list[Path]:
    return [place.with_name(f"{place.name}.{each}") for each in ("wav16", "wav")]


async def test_an_order_is_spoken_into_two_files_that_nobody_else_reads(speaker: Speaker) -> None:
    place = await speaker.spoken(TEXT, Language.ZH)
    assert place == speaker.place(TEXT, Language.ZH)
    assert sorted(place.parent.iterdir()) == sorted(files(place))
    assert [int.from_bytes(file.read_bytes()[24:28], "little") for file in files(place)] == [16_000, 8_000]
    assert soundfile.info(files(place)[1]).duration > 4
    assert place.parent.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in files(place)} == {0o600}


async def test_one_text_in_two_languages_is_two_sounds(speaker: Speaker) -> None:
    places = await asyncio.gather(*(speaker.spoken("119", language) for language in Language))
    assert len(set(places)) == 2


async def test_fifty_departments_that_hear_one_text_have_it_spoken_once(speaker: Speaker) -> None:
    places = await asyncio.gather(*(speaker.spoken(TEXT, Language.ZH) for _ in range(50)))
    assert len(set(places)) == 1
    made = [file.stat().st_ino for file in files(places[0])]
    assert await speaker.spoken(TEXT, Language.ZH) == places[0]
    assert [file.stat().st_ino for file in files(places[0])] == made


async def test_fifty_texts_at_once_hold_up_nobody_in_the_loop(tmp_path: Path) -> None:
    """While who speaks stands still the loop goes on; and it is used for so little that nobody in it waits."""
    worst = 0.0
    looks = 0

    async def measure() -> None:
        nonlocal worst, looks
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.002)
            worst = max(worst, time.thread_time() - before)
            looks += 1

    speaker = Speaker(tmp_path / "spoken", workers=1)
    await speaker.warm()
    (worker,) = workers(speaker)
    os.kill(worker, signal.SIGSTOP)
    measuring = asyncio.create_task(measure())
    speaking = [asyncio.create_task(speaker.spoken(f"{TEXT}{number}号。", Language.ZH)) for number in range(50)]
    try:
        while looks < 100:  # noqa: ASYNC110 - it is the loop that is looked at
            await asyncio.sleep(0.002)
        assert not any(each.done() for each in speaking)
    finally:
        os.kill(worker, signal.SIGCONT)
    assert len({*await asyncio.gather(*speaking)}) == 50
    measuring.cancel()
    await speaker.close()
    assert worst < BUSY_S


async def test_who_gives_up_waiting_takes_it_from_nobody(speaker: Speaker) -> None:
    impatient = asyncio.create_task(speaker.spoken(TEXT, Language.ZH))
    patient = asyncio.create_task(speaker.spoken(TEXT, Language.ZH))
    await asyncio.sleep(0)
    impatient.cancel()
    assert all(file.exists() for file in files(await patient))
    assert impatient.cancelled()


async def test_a_worker_that_is_killed_is_replaced_and_the_order_is_spoken(speaker: Speaker) -> None:
    await speaker.warm()
    for pid in workers(speaker):
        os.kill(pid, signal.SIGKILL)
    assert all(file.exists() for file in files(await speaker.spoken(TEXT, Language.ZH)))


@pytest.mark.parametrize("text", ["", "   ", "\0\n", "。。。"])
async def test_a_text_of_which_nothing_is_heard_is_an_error_and_leaves_nothing(speaker: Speaker, text: str) -> None:
    with pytest.raises(SpeechError):
        await speaker.spoken(text, Language.ZH)
    assert [file for file in files(speaker.place(text, Language.ZH)) if file.exists()] == []
    assert await speaker.spoken(TEXT, Language.ZH)


@pytest.mark.parametrize(
    "text", ["../../etc/passwd", "a&b|c;$(reboot)", "[[h@l'oU]]", "<speak>119</speak>", "fire " * 200 + "火"]
)
async def test_no_text_is_anything_but_a_text(speaker: Speaker, text: str) -> None:
    place = await speaker.spoken(text, Language.EN)
    assert place.parent == speaker.place("x", Language.EN).parent
    assert sorted(place.parent.iterdir()) == sorted(files(place))


async def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "spoken").write_text("a file")
    speaker = Speaker(tmp_path / "spoken")
    try:
        with pytest.raises(SpeechError):
            await speaker.spoken(TEXT, Language.ZH)
    finally:
        await speaker.close()


async def test_what_was_wanted_last_long_ago_is_forgotten_and_the_rest_is_kept(speaker: Speaker) -> None:
    old, young = [await speaker.spoken(text, Language.ZH) for text in ("旧指令。", "新指令。")]
    again = await speaker.spoken("再次呼叫。", Language.ZH)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for file in (*files(old), *files(again)):
        os.utime(file, (yesterday.timestamp() - 60, yesterday.timestamp() - 60))
    await speaker.spoken("再次呼叫。", Language.ZH)  # it is wanted once more
    await speaker.forget(yesterday)
    assert sorted(young.parent.iterdir()) == sorted((*files(young), *files(again)))


async def test_nothing_is_forgotten_where_nothing_was_spoken(tmp_path: Path) -> None:
    await Speaker(tmp_path / "nothing").forget(datetime.now(UTC))


@pytest.mark.parametrize(
    ("language", "said"), [(Language.ZH, "零，零，幺，七"), (Language.EN, "zero, zero, one, seven")]
)
def test_a_code_is_said_digit_by_digit(language: Language, said: str) -> None:
    assert said_code("0017", language) == said
