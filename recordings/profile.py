"""How loud a file is over time, without its samples.

One pass over a file gives the peak and the mean square of every tenth of a second. That is small enough to hold for
a whole day of audio (six bytes a cell) and all that the search for faults needs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
Flags = npt.NDArray[np.bool_]

CELL_MS = 100
"""Length of a cell: short against a syllable's pause, long against a frame of 20 ms."""
SOUND_PEAK = 16
"""A peak above this is sound. A-law has no zero, its silence decodes to ±8; twice that is still nothing."""
FULL_SCALE = 32768.0


@dataclass(frozen=True, slots=True)
class Profile:
    """Peak (0..32768) and mean square of each cell; the last cell may be a part of one."""

    peak: npt.NDArray[np.uint16]
    mean_square: npt.NDArray[np.float32]

    @property
    def zeros(self) -> Flags:
        """Cells in which every sample is exactly zero."""
        return np.equal(self.peak, 0)

    @property
    def sounds(self) -> Flags:
        """Cells in which something can be heard."""
        return np.greater(self.peak, SOUND_PEAK)

    def loudest_second_dbfs(self) -> float | None:
        """Level of the loudest second (RMS, dB below full scale), None if all is zero or nothing is there."""
        if not self.mean_square.size:
            return None
        cells = min(1000 // CELL_MS, self.mean_square.size)
        running = np.convolve(self.mean_square.astype(np.float64), np.full(cells, 1 / cells), "valid")
        loudest = float(running.max())
        return 10 * math.log10(loudest / FULL_SCALE**2) if loudest > 0 else None


def profile_of(samples: Samples, rate: int) -> Profile:
    """The profile of samples at `rate` a second."""
    cell = cell_frames(rate)
    whole = len(samples) // cell * cell
    parts = [samples[:whole].reshape(-1, cell)]
    if whole < len(samples):
        parts.append(samples[whole:].reshape(1, -1))
    return joined([_measured(part) for part in parts])


def cell_frames(rate: int) -> int:
    """Frames in a cell."""
    return rate * CELL_MS // 1000


def joined(parts: list[Profile]) -> Profile:
    """Profiles one after the other."""
    if not parts:
        return Profile(np.zeros(0, np.uint16), np.zeros(0, np.float32))
    return Profile(np.concatenate([part.peak for part in parts]), np.concatenate([part.mean_square for part in parts]))


def _measured(cells: np.ndarray[Any, np.dtype[np.int16]]) -> Profile:
    # In 32 bits, as -(-32768) does not fit in 16.
    highest = cells.max(axis=1).astype(np.int32)
    lowest = cells.min(axis=1).astype(np.int32)
    peak = np.maximum(highest, -lowest).astype(np.uint16)
    squares = np.square(cells, dtype=np.float32)
    return Profile(peak, squares.mean(axis=1, dtype=np.float32))
