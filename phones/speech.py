"""How much of a known text is in a sound that was heard. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

import numpy as np

from phones.g711 import RATE_HZ, Samples
from phones.tone import recognise

PIECE_S = 0.5
ALIKE = 0.8
"""Correlation from which a piece was heard: a telephone's codec leaves 0.97, other speech is below 0.4."""


def share_heard(text: Samples, sound: Samples) -> float:
    """Which share of a spoken text (8 kHz) is in the sound, its pieces in their order; 0 to 1."""
    heard, of = pieces_heard(text, sound)
    return heard / of if of else 0.0


def pieces_heard(text: Samples, sound: Samples) -> tuple[int, int]:
    """How many pieces of a text, `PIECE_S` each, are in the sound in their order, and how many it has.

    A hole of some milliseconds, as a late packet leaves it, costs the piece in which it is.
    """
    size = round(PIECE_S * RATE_HZ)
    pieces = [text[at : at + size] for at in range(0, text.size - size, size)]
    audible = [each for each in pieces if not recognise(each).silent]
    if sound.size < size:
        return 0, len(audible)
    places_of = _search(sound, size)
    ends: list[int] = []
    """Where a chain of one piece, of two, of three, … pieces in their order can end at the earliest."""
    for piece in audible:
        for place in reversed(places_of(piece)):  # the latest first: a chain has one place of each piece
            at = bisect_left(ends, place)
            ends[at : at + 1] = [place]
    return len(ends), len(audible)


def _search(sound: Samples, size: int) -> Callable[[Samples], list[int]]:
    """What tells where pieces of this size are in the sound, in order: what is spoken twice has two places."""
    room = sound.size - size + 1
    length = 1 << (sound.size + size).bit_length()
    heard = sound.astype(np.float64)
    spectrum = np.fft.rfft(heard, length)
    total = np.concatenate(([0.0], np.cumsum(np.square(heard))))
    windows = np.maximum(total[size:] - total[:room], 1.0)

    def places_of(piece: Samples) -> list[int]:
        wanted = piece.astype(np.float64)
        match = np.fft.irfft(spectrum * np.conj(np.fft.rfft(wanted, length)), length)[:room]
        likeness = match / np.sqrt(windows * np.sum(np.square(wanted)))
        alike = np.flatnonzero(likeness > ALIKE)
        stretches = np.split(alike, np.flatnonzero(np.diff(alike) > 1) + 1) if alike.size else []
        return [int(stretch[likeness[stretch].argmax()]) for stretch in stretches]

    return places_of
