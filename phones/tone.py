"""Tones: made, and recognised in what was heard.

Each party of a trial plays a tone of its own; whoever hears it proves which voice reached which ear. `TONES_HZ` are
told apart in 100 ms: 50 Hz or more from each other, 20 Hz from the second and third harmonics of each other and their
mirror images (a codec's distortion), 35 Hz from the tones that an exchange makes itself (ringing, busy, keys, test).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from phones.g711 import RATE_HZ, Codec, Samples
from phones.rtp import FRAME_SAMPLES

# fmt: off
TONES_HZ = (
    555, 655, 735, 811, 903, 1079, 1147, 1247, 1435, 1523, 1693, 1747,
    1837, 1893, 1945, 2025, 2077, 2135, 2241, 2351, 2405, 2459, 2515, 2567,
    2625, 2677, 2729, 2781, 2845, 2895, 2945, 3015, 3107, 3165, 3217, 3267,
)
# fmt: on

LEVEL_DBFS = -12.0  # of a played tone: loud, and two of them mixed do not clip
SILENCE_DBFS = -55.0  # below this a window counts as silence: G.711's own idle noise is lower
MATCH_HZ = 12.0  # a tone this near is the tone: half of the least spacing is 25, the error in 100 ms is below 3
PROOF_S = 0.3  # how long a tone must be heard to be a proof, not an accident of speech

_BAND_BEGINS_HZ = 250.0  # a telephone's voice begins at 300 Hz: what is below is hum, no tone
_FLOOR_DBFS = -120.0  # stands for minus infinity
_NEAR_STRONGEST_DB = 20.0  # a weaker peak is distortion: G.711's stays 30 dB below
_ABOVE_NOISE_DB = 20.0
_LEAST_SHARE = 0.1  # of the window's energy: a tone under loud speech is not claimed


@dataclass(frozen=True)
class Heard:
    """What a window of sound holds.

    `level_dbfs` is the whole window's, 0 is a full-scale square wave; `tones` are in Hz, strongest first, empty for
    silence, noise and most speech; `duration_s` is the window's true length.
    """

    level_dbfs: float
    tones: tuple[float, ...]
    duration_s: float

    @property
    def tone(self) -> float | None:
        """The strongest tone in Hz, or None."""
        return self.tones[0] if self.tones else None

    @property
    def silent(self) -> bool:
        """Whether nothing that a person would hear is in it."""
        return self.level_dbfs < SILENCE_DBFS

    def has(self, hz: float) -> bool:
        """Whether the tone is one of those heard."""
        return any(abs(tone - hz) <= MATCH_HZ for tone in self.tones)


def tone_of(index: int) -> int:
    """Return the tone in Hz of party `index`. Raises `IndexError` beyond the list."""
    if index < 0:
        raise IndexError(index)
    return TONES_HZ[index]


@lru_cache(maxsize=128)
def tone_frames(hz: int, codec: Codec) -> tuple[bytes, ...]:
    """Return one second of the tone as 50 payloads that follow each other without a click for ever.

    Whole Hz only: a second then holds whole waves.
    """
    wave = sine(hz, RATE_HZ)
    return tuple(codec.encode(wave[at : at + FRAME_SAMPLES]) for at in range(0, RATE_HZ, FRAME_SAMPLES))


def sine(hz: float, samples: int, level_dbfs: float = LEVEL_DBFS) -> Samples:
    """Return a sine of `samples` samples whose level is `level_dbfs`."""
    size = 32767 * np.sqrt(2) * 10 ** (level_dbfs / 20)
    wave: Samples = np.rint(size * np.sin(2 * np.pi * hz * np.arange(samples) / RATE_HZ)).astype(np.int16)
    return wave


def level_of(samples: Samples) -> float:
    """Return the root mean square in dB below full scale, -120 for none or for digital silence."""
    if samples.size == 0:
        return _FLOOR_DBFS
    power = float(np.mean(np.square(samples.astype(np.float64))))
    return max(_FLOOR_DBFS, 10 * float(np.log10(power / 32768**2))) if power > 0 else _FLOOR_DBFS


def recognise(samples: Samples) -> Heard:
    """Tell the tones and the level of a window; 50 ms or more of sound are needed to tell a tone."""
    level = level_of(samples)
    duration = samples.size / RATE_HZ
    if level < SILENCE_DBFS or duration < 0.05:
        return Heard(level, (), duration)
    window = np.hanning(samples.size)
    length = 1 << (4 * samples.size - 1).bit_length()  # padded: a peak's place is then read to a fraction of a Hz
    power = np.square(np.abs(np.fft.rfft((samples - samples.mean()) * window, length)))
    step = RATE_HZ / length
    # Half of a Hann window's main lobe, in bins; a tone with a gap in it spreads, so at least 30 Hz.
    lobe = round(max(2 * RATE_HZ / samples.size, 30.0) / step)
    total = float(power.sum())
    power[: int(_BAND_BEGINS_HZ / step)] = 0
    noise = float(np.median(power[power > 0])) if np.any(power > 0) else 0.0
    tones: list[float] = []
    strongest = 0.0
    while total > 0 and len(tones) < 8:
        at = int(np.argmax(power))
        peak = float(power[at])
        low, high = max(0, at - lobe), at + lobe + 1
        share = float(power[low:high].sum()) / total
        strongest = max(strongest, peak)
        if (
            share < _LEAST_SHARE
            or peak < noise * 10 ** (_ABOVE_NOISE_DB / 10)
            or peak < strongest * 10 ** (-_NEAR_STRONGEST_DB / 10)
        ):
            break
        tones.append(round(at * step, 1))
        power[low:high] = 0
    return Heard(level, tuple(tones), duration)
