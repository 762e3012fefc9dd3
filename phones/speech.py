"""How much of a known text is in a sound that was heard. Pure."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from phones.g711 import RATE_HZ, Samples
from phones.tone import recognise

PIECE_S = 0.5
ALIKE = 0.8
"""Correlation from which a piece was heard: a telephone's codec leaves 0.97, other speech is below 0.4."""


def share_heard(text: Samples, sound: Samples) -> float:
    """Which share of a spoken text (8 kHz) is in the sound, its pieces in their order; 0 to 1."""
    size = round(PIECE_S * RATE_HZ)
    pieces = [text[at : at + size] for at in range(0, text.size - size, size)]
    audible = [each for each in pieces if not recognise(each).silent]
    ends: list[int] = []
    """Where a chain of one piece, of two, of three, … pieces in their order can end at the earliest."""
    for piece in audible:
        for place in reversed(_places_of(piece, sound)):  # the latest first: a chain has one place of each piece
            at = bisect_left(ends, place)
            ends[at : at + 1] = [place]
    return len(ends) / len(audible) if audible else 0.0


def _places_of(piece: Samples, sound: Samples) -> list[int]:
    """Where the piece is in the sound, in order: what is spoken twice has two places."""
    heard, wanted = sound.astype(np.float64), piece.astype(np.float64)
    room = heard.size - wanted.size + 1
    if room <= 0:
        return []
    size = 1 << (heard.size + wanted.size).bit_length()
    match = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size)), size)
    total = np.concatenate(([0.0], np.cumsum(np.square(heard))))
    windows = total[wanted.size : wanted.size + room] - total[:room]
    likeness = match[:room] / np.sqrt(np.maximum(windows, 1.0) * np.sum(np.square(wanted)))
    alike = np.flatnonzero(likeness > ALIKE)
    stretches = np.split(alike, np.flatnonzero(np.diff(alike) > 1) + 1) if alike.size else []
    return [int(stretch[likeness[stretch].argmax()]) for stretch in stretches]
