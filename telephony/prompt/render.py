"""Puts every prompt of a centre where Asterisk plays it from.

    OUT/<language>/<id>.wav16     16 kHz, 16 bit, one channel (Asterisk's name of that format)
    OUT/<language>/<id>.wav       the same at 8 kHz; Asterisk takes what fits a call best
    OUT/prompts.json              what each one is, and whether a person or a machine says it

Only what changed is made again. Files are replaced whole, never written in place, so a call that plays one hears it to
its end; the index is written last, and files that it doesn't name are removed. Blocking: call it in a worker.
"""

from __future__ import annotations

import hashlib
import io
import json
import wave
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from config.field import Language, Wording
from telephony.prompt import recorded
from telephony.prompt.error import SpeechError
from telephony.prompt.sound import NoSound, Samples, Sound, fitted
from telephony.prompt.speech import VOICES, Synthesiser, installed

FORMATS: Mapping[str, int] = {"wav16": 16_000, "wav": 8_000}
"""Asterisk's formats, and their rates in Hz."""
INDEX = "prompts.json"
EDITION = 1
"""Of the processing here; another number makes every prompt anew."""
WORKERS = 2
"""Synthesisers at a time: the least cores that a centre has."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt in one language, as the index tells of it."""

    id: str
    language: Language
    synthetic: bool
    """True: a machine says it."""
    text: str
    voice: str
    """The synthesiser's voice, or the file that was recorded."""
    duration_ms: int
    sha256: Mapping[str, str]
    """Of each file, by format."""
    made_of: str
    """SHA-256 of all that decides how it sounds."""


@dataclass(frozen=True, slots=True)
class _Index:
    schema_version: Literal[1]
    prompts: tuple[Prompt, ...]


_INDEX = TypeAdapter(_Index)


@dataclass(frozen=True, slots=True)
class Rendering:
    """What is there now."""

    prompts: tuple[Prompt, ...]
    made: int
    """How many were made; the others were there already."""
    removed: int
    """How many files were removed."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """One prompt that must be there."""

    id: str
    language: Language
    text: str
    recording: Path | None
    voice: str
    made_of: str


def render(
    centre: Path,
    texts: Mapping[str, Wording],
    languages: Sequence[Language],
    out: Path,
    *,
    synthesiser: Synthesiser | None = None,
) -> Rendering:
    """Make what is missing or changed; `centre` is the folder with the recorded prompts.

    Raises PromptError (a recording that can't be used, a synthesiser that fails), OSError. Then the index is as it
    was, and every file in place is whole.
    """
    recordings = recorded.found(centre, texts)
    chosen = synthesiser or installed()
    wishes = [
        _wish(prompt, language, wording.said(language), recordings.get((language, prompt)), chosen)
        for prompt, wording in texts.items()
        for language in languages
    ]
    known = {(each.language, each.id): each for each in _read_index(out / INDEX)}
    present = {
        wish: old
        for wish in wishes
        if (old := known.get((wish.language, wish.id))) and old.made_of == wish.made_of and _is_whole(out, old)
    }
    for language in languages:
        (out / language).mkdir(parents=True, exist_ok=True)
    missing = [wish for wish in wishes if wish not in present]
    with ThreadPoolExecutor(WORKERS) as pool:
        new = dict(zip(missing, pool.map(lambda wish: _make(wish, chosen, out), missing), strict=True))
    prompts = tuple((present | new)[wish] for wish in wishes)
    _write(out / INDEX, _INDEX.dump_json(_Index(1, prompts), indent=1) + b"\n")
    return Rendering(prompts, len(new), _remove_stale(out, prompts))


def _wish(prompt: str, language: Language, text: str, recording: Path | None, synthesiser: Synthesiser) -> _Wish:
    voice = VOICES[language]
    parts: list[object] = [EDITION, text]
    if recording:
        name = f"{recorded.FOLDER}/{language}/{recording.name}"
        parts.append(recorded.sha256(recording))
    else:
        name = f"espeak-ng {voice.name}"
        parts += [voice.name, voice.words_a_minute, synthesiser.version]
    made_of = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return _Wish(prompt, language, text, recording, name, made_of)


def files_of(sound: Sound, text: str) -> dict[str, bytes]:
    """The files of one text, by format. Raises SpeechError when nothing is to be heard of it."""
    try:
        return {name: _wav(fitted(sound, rate), rate) for name, rate in FORMATS.items()}
    except NoSound:
        raise SpeechError(f"nothing is to be heard of {text!r}") from None


def _make(wish: _Wish, synthesiser: Synthesiser, out: Path) -> Prompt:
    sound = _sound(wish, synthesiser)
    hashes = {}
    duration_ms = 0
    try:
        files = files_of(sound, wish.text)
    except SpeechError as error:
        raise SpeechError(f"prompt {wish.id} ({wish.language}): {error}") from None
    for name, wav in files.items():
        _write(out / wish.language / f"{wish.id}.{name}", wav)
        hashes[name] = hashlib.sha256(wav).hexdigest()
        duration_ms = round((len(wav) - _HEADER_BYTES) * 500 / FORMATS[name])
    return Prompt(
        wish.id, wish.language, wish.recording is None, wish.text, wish.voice, duration_ms, hashes, wish.made_of
    )


def _sound(wish: _Wish, synthesiser: Synthesiser) -> Sound:
    if wish.recording:
        return recorded.read(wish.recording)
    try:
        return synthesiser.spoken(wish.text, VOICES[wish.language])
    except SpeechError as error:
        raise SpeechError(f"prompt {wish.id} ({wish.language}): {error}") from error


_HEADER_BYTES = 44


def _wav(samples: Samples, rate: int) -> bytes:
    """A WAV as Asterisk reads it: a header of 44 bytes and the samples."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, rate, len(samples), "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()


def _write(path: Path, data: bytes) -> None:
    """Replace a file whole. Not flushed to the disk: a file that a power cut damaged is found by its hash."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _read_index(path: Path) -> tuple[Prompt, ...]:
    """The prompts of an earlier run; none if there is no index that we know."""
    try:
        return _INDEX.validate_json(path.read_bytes()).prompts
    except (FileNotFoundError, ValidationError):
        return ()


def _is_whole(out: Path, prompt: Prompt) -> bool:
    return prompt.sha256.keys() == FORMATS.keys() and all(
        (path := out / prompt.language / f"{prompt.id}.{name}").is_file()
        and hashlib.sha256(path.read_bytes()).hexdigest() == digest
        for name, digest in prompt.sha256.items()
    )


def _remove_stale(out: Path, prompts: Sequence[Prompt]) -> int:
    """Remove the audio in the languages' folders that belongs to no prompt; nothing else is ours."""
    wanted = {(prompt.language, f"{prompt.id}.{name}") for prompt in prompts for name in FORMATS}
    stale = [
        path
        for language in Language
        for pattern in ("*.wav", "*.wav16", ".*.part")
        for path in (out / language).glob(pattern)
        if (language, path.name) not in wanted
    ]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)
