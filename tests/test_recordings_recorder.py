"""A recorder that writes what Asterisk's writes, for the other tests of recordings, and the proof that it does."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

START_MS = 1_732_374_000_120
"""2024-11-23T15:00:00.120Z, when the calls of these tests begin."""
CALL_ID = "1732374000.12"

REAL_CLOSED_HEADER = bytes.fromhex(
    "5249464624dc050057415645666d74201000000001000100803e0000007d0000020010006461746100dc0500"
)
"""From Asterisk 22.10: 12 s at 16 kHz, ended by hang-up."""
REAL_KILLED_HEADER = bytes.fromhex(
    "524946460000000057415645666d74201000000001000100803e0000007d0000020010006461746100000000"
)
"""From Asterisk 22.10: at 16 kHz, ended by kill -9."""


def header(rate: int, audio_bytes: int) -> bytes:
    """What Asterisk writes first: 0 bytes until it closes the file."""
    riff_bytes = audio_bytes + 36 if audio_bytes else 0
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", riff_bytes, b"WAVE", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16, b"data", audio_bytes,
    )  # fmt: skip


def voice(seconds: float, rate: int = 16_000, seed: int = 1, level: float = 3000.0) -> Samples:
    """Noise in place of a voice: never 0 for long, and no two seeds alike."""
    drawn = np.random.default_rng(seed).normal(0, level, round(seconds * rate))
    return np.clip(drawn, -32768, 32767).astype(np.int16)


def zeros(seconds: float, rate: int = 16_000) -> Samples:
    """Digital silence."""
    return np.zeros(round(seconds * rate), np.int16)


def nothing() -> Samples:
    """A leg that was never answered."""
    return np.zeros(0, np.int16)


@dataclass
class Recorder:
    """Writes the raw files of one call; times in ms after START_MS."""

    root: Path
    call_id: str = CALL_ID
    rate: int = 16_000
    hashes: dict[str, bytes] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.root / "raw" / self.call_id

    def leg(
        self,
        role: str,
        said: Samples | None,
        heard: Samples | None,
        *,
        armed: int = 0,
        ended: int | None = None,
        channel: str = "",
        killed: bool = False,
        rate: int = 0,
    ) -> None:
        """One leg; None leaves the file out. Without `ended`, the audio begins at the arming."""
        for side, samples in (("r", said), ("t", heard)):
            if samples is not None:
                self.file(f"{role}_{channel or role}.1_{START_MS + armed}.{side}", samples, armed, ended, killed, rate)

    def file(
        self, stem: str, samples: Samples, armed: int, ended: int | None, killed: bool = False, rate: int = 0
    ) -> Path:
        """One file, with the time of its last write."""
        rate = rate or self.rate
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{stem}.{'wav16' if rate == 16_000 else 'wav'}"
        audio = samples.astype("<i2").tobytes()
        path.write_bytes(header(rate, 0 if killed else len(audio)) + audio)
        if ended is None:
            ended = armed + -(-len(samples) * 1000 // rate)
        moment = (START_MS + ended) * 1_000_000
        os.utime(path, ns=(moment, moment))
        self.hashes[path.name] = path.read_bytes()
        return path

    def untouched(self) -> bool:
        """Whether all raw files are there as they were written."""
        here = {each.name: each.read_bytes() for each in self.folder.iterdir()} if self.folder.is_dir() else {}
        return here == self.hashes


def test_the_pretended_recorder_writes_the_headers_of_the_real_one() -> None:
    assert header(16_000, 12 * 32_000) == REAL_CLOSED_HEADER
    assert header(16_000, 0) == REAL_KILLED_HEADER
