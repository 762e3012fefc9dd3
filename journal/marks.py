"""A set of sequences that needs one bit for each, so that a hundred million facts take 12 MB."""

from __future__ import annotations

from collections.abc import Iterator


class Marks:
    """Numbers from 0 that are marked."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, number: int) -> None:
        """Mark a number."""
        missing = number // 8 + 1 - len(self._bits)
        if missing > 0:
            self._bits.extend(bytes(missing))
        self._bits[number // 8] |= 1 << number % 8

    def discard(self, number: int) -> None:
        """Take its mark off, if it has one."""
        if number in self:
            self._bits[number // 8] &= ~(1 << number % 8)

    def __contains__(self, number: int) -> bool:
        return 0 <= number < 8 * len(self._bits) and bool(self._bits[number // 8] >> number % 8 & 1)

    def __iter__(self) -> Iterator[int]:
        for place, bits in enumerate(self._bits):
            if bits:
                yield from (8 * place + bit for bit in range(8) if bits >> bit & 1)
