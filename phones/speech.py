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
    pieces = (text[at : at + size] for at in range(0, text.size - size, size))
    places = [_place_of(each, sound) for each in pieces if not recognise(each).silent]
    ends: list[int] = []  # the first place at which as many pieces as this one's index, and one, can end in their order
    for place in places:
        if place is not None:
            at = bisect_left(ends, place)
            ends[at : at + 1] = [place]
    return len(ends) / len(places) if places else 0.0


def _place_of(piece: Samples, sound: Samples) -> int | None:
    """Where the piece is in the sound first: what is spoken twice has two places, and noise would choose among them."""
    heard, wanted = sound.astype(np.float64), piece.astype(np.float64)
    room = heard.size - wanted.size
    if room <= 0:
        return None
    size = 1 << (heard.size + wanted.size).bit_length()
    match = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size)), size)
    total = np.concatenate(([0.0], np.cumsum(np.square(heard))))
    windows = total[wanted.size : wanted.size + room] - total[:room]
    likeness = match[:room] / np.sqrt(np.maximum(windows, 1.0) * np.sum(np.square(wanted)))
    places = np.flatnonzero(likeness > ALIKE)
    return int(places[0]) if places.size else None
