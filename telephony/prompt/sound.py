"""Makes any speech fit for the telephone: rate, level, ends.

Rules: one channel; an active level of -20 dBFS, so that every prompt is as loud as the next and as a person (people
lie near -25 on telephones, and a prompt must be understood in a storm); no peak above -3 dBFS, because what follows
on the way to a telephone clips; a tenth of a second of silence at both ends, reached by a short fade, so that nothing
clicks and no telephone swallows the first syllable while it opens its speaker.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr  # type: ignore[import-untyped]

Wave = npt.NDArray[np.float32]
"""One channel, full scale is 1."""
Samples = npt.NDArray[np.int16]

ACTIVE_DBFS = -20.0
PEAK_DBFS = -3.0
_CEILING_DBFS = PEAK_DBFS - 0.1
"""What the limiter aims at; rounding to 16 bits never crosses the peak then."""
END_S = 0.1
_FADE_S = 0.005
_WINDOW_S = 0.02
"""The level is measured in pieces of 20 ms."""
_ACTIVE_RANGE_DB = 25.0
"""Pieces this far below the loudest one are pauses; ITU-T P.56 has a margin of the same order."""
_SILENCE_DBFS = -60.0
"""Ends below this are cut off and made anew."""
_LOOKAHEAD_S = 0.002


@dataclass(frozen=True, slots=True)
class Sound:
    """Samples and their rate in Hz."""

    wave: Wave
    rate: int


class NoSound(ValueError):
    """There is nothing to hear."""


def fitted(sound: Sound, rate: int) -> Samples:
    """The sound at `rate` Hz, at the telephone's level, with silent ends; raises NoSound."""
    wave = sound.wave
    if sound.rate != rate and len(wave):
        wave = soxr.resample(wave, sound.rate, rate, "HQ").astype(np.float32)
    if not len(wave) or not np.abs(wave).max() > 0:
        raise NoSound
    wave = _trimmed(wave * _ratio(ACTIVE_DBFS - active_dbfs(wave, rate)), rate)
    ends = np.zeros(round(END_S * rate), np.float32)
    whole = np.concatenate([ends, _faded(_limited(wave, rate), rate), ends])
    return np.round(whole * 32767).astype(np.int16)


def active_dbfs(wave: Wave, rate: int) -> float:
    """RMS level in dB below full scale of what isn't a pause; the wave is not all zero."""
    window = max(1, round(_WINDOW_S * rate))
    padded = np.pad(wave.astype(np.float64), (0, -len(wave) % window))
    power = np.square(padded).reshape(-1, window).mean(axis=1)
    active = power[power >= power.max() * 10 ** (-_ACTIVE_RANGE_DB / 10)]
    return 10 * math.log10(active.mean())


def _ratio(db: float) -> float:
    return float(10 ** (db / 20))


def _trimmed(wave: Wave, rate: int) -> Wave:
    """Without silent ends, but for the few ms that the fade takes."""
    loud = np.flatnonzero(np.abs(wave) > _ratio(_SILENCE_DBFS))
    margin = round(_FADE_S * rate)
    return wave[max(0, loud[0] - margin) : loud[-1] + 1 + margin]


def _limited(wave: Wave, rate: int) -> Wave:
    """Peaks pulled under the ceiling by a gain that changes over some ms, so that nothing is cut off flat."""
    reach = max(1, round(_LOOKAHEAD_S * rate))
    wanted = np.minimum(1, _ratio(_CEILING_DBFS) / np.maximum(np.abs(wave), 1e-9))
    # The least gain of the neighbourhood, then its mean: at a peak all that is averaged is low enough.
    around = np.pad(wanted, 2 * reach, constant_values=1.0)
    least = np.lib.stride_tricks.sliding_window_view(around, 2 * reach + 1).min(axis=1)
    smooth = np.convolve(least, np.full(2 * reach + 1, 1 / (2 * reach + 1)), "valid")
    return (wave * smooth).astype(np.float32)


def _faded(wave: Wave, rate: int) -> Wave:
    ramp = np.linspace(0, 1, min(round(_FADE_S * rate), len(wave) // 2), endpoint=False, dtype=np.float32)
    faded = wave.copy()
    faded[: len(ramp)] *= ramp
    faded[len(faded) - len(ramp) :] *= ramp[::-1]
    return faded
