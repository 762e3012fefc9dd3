"""Speaks the texts of orders while the duty line rings: any text, once, into files that Asterisk plays.

    FOLDER/DIGEST.wav16, FOLDER/DIGEST.wav      as the prompts have them; nobody else may read them

What is spoken holds places and people, so the files go after a while (`forget`). Rules: nothing here holds up the event
loop, the work is done in processes of their own; the same text is spoken once, however many want it at once; a file is
there whole or not at all.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from config.field import Language
from telephony.pool import pool
from telephony.prompt.error import SpeechError
from telephony.prompt.render import EDITION, FORMATS, files_of
from telephony.prompt.speech import VOICES, installed

WORKERS = 2
"""At a time: the least cores that a centre has."""
BEHIND = 5  # a department waits for it, but a caller comes first
SPEAK_S = 5.0
"""A minute of speech takes a tenth of a second; a synthesiser that hangs is left after this."""

_DIGITS = {
    # As they are said on the telephone, so that one and seven are not taken for each other.
    Language.ZH: dict(zip("0123456789", "零幺二三四五六七八九", strict=True)),
    Language.EN: dict(
        zip(
            "0123456789",
            ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
            strict=True,
        )
    ),
}
_PAUSE = {Language.ZH: "，", Language.EN: ", "}


def said_code(code: str, language: Language) -> str:
    """An order's code as a text in which each digit is said by itself."""
    return _PAUSE[language].join(_DIGITS[language].get(sign, sign) for sign in code)


class Speaker:
    """Speaks into one folder; `close` it at the end."""

    def __init__(self, folder: Path, workers: int = WORKERS) -> None:
        self._folder = folder
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._speaking: dict[Path, asyncio.Task[None]] = {}

    def place(self, text: str, language: Language) -> Path:
        """Where `spoken` will put it. The dialplan looks when it is to be heard: a telephone may ring meanwhile."""
        return self._folder / _digest(text, language)

    async def spoken(self, text: str, language: Language) -> Path:
        """The text as sound: the files' common path, without their endings. Raises SpeechError."""
        path = self.place(text, language)
        speaking = self._speaking.get(path)
        if speaking is None:
            speaking = asyncio.create_task(self._speak(text, language, path))
            self._speaking[path] = speaking
            speaking.add_done_callback(lambda done: self._done(path, done))
        await asyncio.shield(speaking)  # others may wait for it as well
        return path

    async def warm(self) -> None:
        """Have the workers ready, so that the first order waits for nothing."""
        with suppress(BrokenProcessPool, OSError, SpeechError):
            await asyncio.to_thread(_warm, self._ready(), self._workers)

    async def forget(self, older_than: datetime) -> None:
        """Remove what was last wanted before that."""
        await asyncio.to_thread(_forget, self._folder, older_than.timestamp())

    async def close(self) -> None:
        """Stop speaking."""
        for speaking in list(self._speaking.values()):
            speaking.cancel()
        if self._pool is not None:
            ending, self._pool = self._pool, None
            await asyncio.to_thread(ending.shutdown, cancel_futures=True)

    async def _speak(self, text: str, language: Language, path: Path) -> None:
        if await asyncio.to_thread(_is_there, path):
            return
        for last in (False, True):
            workers = self._ready()
            try:
                await asyncio.get_running_loop().run_in_executor(workers, _make, text, language, path)
            except BrokenProcessPool:  # one was killed: by who needed the memory, perhaps
                if self._pool is workers:
                    self._pool = None
                if last:
                    raise SpeechError("who should speak it died, twice") from None
            except OSError as error:
                raise SpeechError(f"{path} can't be written: {error.strerror}") from error
            else:
                return

    def _ready(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = pool(self._workers, BEHIND)
        return self._pool

    def _done(self, path: Path, speaking: asyncio.Task[None]) -> None:
        self._speaking.pop(path, None)
        if not speaking.cancelled():
            speaking.exception()  # whoever waited for it has it; nobody may


def _digest(text: str, language: Language) -> str:
    voice = VOICES[language]
    made_of = json.dumps([EDITION, text, voice.name, voice.words_a_minute])
    return hashlib.sha256(made_of.encode()).hexdigest()


def _is_there(path: Path) -> bool:
    """Whether it is spoken already; then it is wanted now."""
    try:
        for name in FORMATS:
            os.utime(f"{path}.{name}")
    except OSError:  # if it is more than missing, who writes it tells
        return False
    return True


def _warm(workers: ProcessPoolExecutor, count: int) -> None:
    for done in [workers.submit(_nothing) for _ in range(count)]:
        done.result()


def _nothing() -> None:
    installed()


def _make(text: str, language: Language, path: Path) -> None:
    """In a worker."""
    sound = installed().spoken(text, VOICES[language], SPEAK_S)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, wav in files_of(sound, text).items():
        _write(path.with_name(f"{path.name}.{name}"), wav)


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        with open(os.open(temporary, flags, 0o600), "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _forget(folder: Path, before: float) -> None:
    for file in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):
            if file.stat().st_mtime < before:
                file.unlink()
