"""Speaks free text, in a process of its own.

espeak-ng is under the GPL: its program is run, or our child process `speak` with the library of the wheel that carries
it; neither is ever loaded here. Both speak Mandarin and English. A text goes in whole, by a pipe, as UTF-8.
"""

from __future__ import annotations

import functools
import io
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import soundfile

from config.field import Language
from telephony.prompt.error import SpeechError
from telephony.prompt.sound import NoSound, Samples, Sound, fitted
from telephony.prompt.utterance import utterance

RATE_HZ = 16_000
"""What Asterisk plays best of what we write."""
TIMEOUT_S = 30.0
"""A minute of speech takes a tenth of a second; only a hung process needs this long."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of espeak-ng, and how fast it speaks."""

    name: str
    words_a_minute: int


VOICES: Mapping[Language, Voice] = {
    # Calm and clear: 3.6 syllables a second with espeak-ng 1.52 (2.7 with 1.51); a newsreader has 4 to 5.
    Language.ZH: Voice("cmn", 180),
    # espeak-ng's own default is 175, which is brisk for somebody frightened.
    Language.EN: Voice("en", 150),
}


@dataclass(frozen=True, slots=True)
class Synthesiser:
    """A way to run espeak-ng."""

    command: tuple[str, ...]
    """The program and its first arguments; voice and rate follow."""
    options: tuple[str, str]
    """How it calls the voice and the rate."""
    version: str
    """What is run; another version may sound different."""

    def spoken(self, text: str, voice: Voice, timeout_s: float = TIMEOUT_S) -> Sound:
        """Speak; raises SpeechError when it fails, dies, hangs or says nothing."""
        arguments = [self.options[0], voice.name, self.options[1], str(voice.words_a_minute)]
        shown = f"{self.command[0]} with voice {voice.name}"
        try:
            done = subprocess.run(
                [*self.command, *arguments],
                input=utterance(text).encode(),
                capture_output=True,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SpeechError(f"{shown} did not finish within {timeout_s:g} s") from None
        except OSError as error:
            raise SpeechError(f"{shown} can't be run: {error.strerror}") from error
        if done.returncode < 0:
            raise SpeechError(f"{shown} died of signal {-done.returncode}")
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise SpeechError(f"{shown} failed: {last[0] if last else f'status {done.returncode}'}")
        return _heard(done.stdout, shown)


@functools.cache
def installed() -> Synthesiser:
    """The machine's own espeak-ng if it has one that runs, else the wheel's. Raises SpeechError if there is neither."""
    program = shutil.which("espeak-ng")
    told = _version(program) if program else ""
    if program and told:
        return Synthesiser((program, "--stdin", "--stdout", "-b", "1"), ("-v", "-s"), told)
    try:
        wheel = version("espeakng-loader")
    except PackageNotFoundError:
        raise SpeechError("there is no espeak-ng: install the program, or the package espeakng-loader") from None
    child = Path(__file__).with_name("speak.py")
    # -I: the child sees the installed packages and nothing of where we happen to stand.
    return Synthesiser((sys.executable, "-I", str(child)), ("--voice", "--rate"), f"espeakng-loader {wheel}")


def _version(program: str) -> str:
    """What the program says of itself, empty if it doesn't run."""
    try:
        told = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=TIMEOUT_S, check=False, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    # "eSpeak NG text-to-speech: 1.51  Data at: …": what follows the version is the machine's own affair.
    return told.stdout.split("Data at:")[0].strip() if told.returncode == 0 else ""


def speak(
    text: str, language: Language, *, synthesiser: Synthesiser | None = None, timeout_s: float = TIMEOUT_S
) -> Samples:
    """Speak free text: 16 kHz, one channel, 16 bit, at the telephone's level. Raises SpeechError.

    It blocks for as long as the synthesiser runs; call it in a worker.
    """
    spoken = (synthesiser or installed()).spoken(text, VOICES[language], timeout_s)
    try:
        return fitted(spoken, RATE_HZ)
    except NoSound:
        raise SpeechError(f"nothing is to be heard of {text!r}") from None


def _heard(wav: bytes, shown: str) -> Sound:
    # The program writes its header before it knows the length; the length of the pipe is the truth.
    try:
        with soundfile.SoundFile(io.BytesIO(wav)) as file:
            wave = file.read(dtype="float32", always_2d=True)[:, 0]
            rate = file.samplerate
    except soundfile.LibsndfileError:
        raise SpeechError(f"{shown} gave no audio") from None
    return Sound(np.ascontiguousarray(wave), rate)
