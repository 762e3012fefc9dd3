"""The soft tone between two announcements: the caller who waits hears that the line lives."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

RATE_HZ = 16_000
TONE_HZ = 440
TONE_S = 0.4
PAUSE_S = 2.1  # twice tone and pause: five seconds until the announcement comes again
LEVEL_DBFS = -30.0


def write_waiting_tone(path: Path) -> None:
    """Write it as a WAV file with 16 kHz."""
    time = np.arange(round(TONE_S * RATE_HZ)) / RATE_HZ
    fade = np.minimum(1.0, np.minimum(time, time[::-1]) / 0.02)  # 20 ms: without it the ends click
    tone = 10 ** (LEVEL_DBFS / 20) * np.sqrt(2) * np.sin(2 * np.pi * TONE_HZ * time) * fade
    turn = np.concatenate([tone, np.zeros(round(PAUSE_S * RATE_HZ))])
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((np.tile(turn, 2) * 32767).astype("<i2").tobytes())
