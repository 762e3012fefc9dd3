"""What is in a sound: whose voice a recording holds, when a tone is heard, how much of a prompt."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr  # type: ignore[import-untyped]

from phones import pieces_heard, recognise, share_heard
from phones.voice import Voice

RATE_HZ = 8000
HEARD, UNHEARD = 0.85, 0.3
"""Shares of a text from which it was heard, and below which it was not."""
WITHIN_S = 20.0
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
    return share_heard(_read(prompt), heard)


def is_whole(heard: Samples, prompt: Path) -> bool:
    """Whether a prompt was heard to its end, but for one piece in seven; a short one may have lost one as well."""
    found, of = pieces_heard(_read(prompt), heard)
    return found >= of - max(1, of // 7)


def _read(prompt: Path) -> Samples:
    text, rate = soundfile.read(prompt, dtype="int16")
    assert rate == RATE_HZ
    samples: Samples = text
    return samples


async def heard_to_its_end(call: Voice, prompt: Path) -> None:
    """Wait until somebody has heard this prompt to its end: what is sent by now may still be on its way."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WITHIN_S
    while not await asyncio.to_thread(is_whole, call.received, prompt):
        assert loop.time() < deadline, f"{told(call.received, prompt):.0%} of {prompt.name} was heard"
        await asyncio.sleep(0.3)


def spans_of(sound: Samples, hz: int) -> list[tuple[float, float]]:
    """From when to when a tone is in it, in seconds, looked at in steps of 0.1 s."""
    step = RATE_HZ // 10
    there = [recognise(sound[at : at + step]).has(hz) for at in range(0, sound.size - step, step)]
    edges = np.flatnonzero(np.diff(there, prepend=False, append=False))
    return [(int(begin) / 10, int(end) / 10) for begin, end in edges.reshape(-1, 2)]
