"""What is in a sound: whose voice a recording holds, when a tone is heard, how much of a prompt."""

import hashlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr  # type: ignore[import-untyped]

from phones import recognise

RATE_HZ = 8000
EDGES_S = 0.2  # what a tone may lose at its two ends when it is looked at in steps of 0.1 s

Samples = npt.NDArray[np.int16]


def voices(evidence: dict[str, Any]) -> list[str]:
    """Whose voice was recorded."""
    return [leg["role"] for leg in evidence["legs"] if leg["said"]]


def sound_of(evidence: dict[str, Any], folder: Path) -> tuple[Samples, Samples]:
    """Left and right of a recording, 8 kHz, proved against its hash."""
    file = folder / evidence["audio"]["name"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == evidence["audio"]["sha256"]
    both, rate = soundfile.read(file, dtype="int16", always_2d=True)
    left, right = soxr.resample(both, rate, RATE_HZ).T
    return left, right


def told(heard: Samples, prompt: Path) -> float:
    """Which share of the prompt was heard, its pieces in their order."""
    text, rate = soundfile.read(prompt, dtype="int16")
    assert rate == RATE_HZ
    piece = RATE_HZ // 2
    pieces = [text[at : at + piece] for at in range(0, text.size - piece, piece)]
    places = [_place_of(each, heard) for each in pieces if not recognise(each).silent]
    in_order = [place for place, after in pairwise(places) if place is not None and after is not None and place < after]
    return len(in_order) / (len(places) - 1)


def _place_of(piece: Samples, heard: Samples) -> int | None:
    """Where the piece was heard: the correlation's best place, if it is good enough."""
    sound, wanted = heard.astype(np.float64), piece.astype(np.float64)
    size = 1 << (sound.size + wanted.size).bit_length()
    match = np.fft.irfft(np.fft.rfft(sound, size) * np.conj(np.fft.rfft(wanted, size)), size)
    total = np.concatenate(([0.0], np.cumsum(np.square(sound))))
    room = sound.size - wanted.size
    if room <= 0:
        return None
    windows = total[wanted.size : wanted.size + room] - total[:room]
    likeness = match[:room] / np.sqrt(np.maximum(windows, 1.0) * np.sum(np.square(wanted)))
    best = int(np.argmax(likeness))
    return best if likeness[best] > 0.8 else None


def spans_of(sound: Samples, hz: int) -> list[tuple[float, float]]:
    """From when to when a tone is in it, in seconds, looked at in steps of 0.1 s."""
    step = RATE_HZ // 10
    there = [recognise(sound[at : at + step]).has(hz) for at in range(0, sound.size - step, step)]
    edges = np.flatnonzero(np.diff(there, prepend=False, append=False))
    return [(int(begin) / 10, int(end) / 10) for begin, end in edges.reshape(-1, 2)]
