"""G.711 speech: A-law (PCMA) and µ-law (PCMU) by tables, both ways.

Samples are int16, mono, 8,000 a second; one byte a sample on the wire. The tables are computed once from the
segment rule of ITU-T G.711; `audioop` is not used, as Python 3.13 has removed it.
"""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

RATE_HZ = 8000


def _mulaw_tables() -> tuple[NDArray[np.uint8], Samples]:
    bias, clip = 132, 32635
    sample = np.arange(-32768, 32768, dtype=np.int64)
    size = np.minimum(np.abs(sample), clip) + bias
    segment = np.floor(np.log2(size)).astype(np.int64) - 7
    code = np.where(sample < 0, 0x80, 0) | (segment << 4) | ((size >> (segment + 3)) & 0x0F)
    byte = ~np.arange(256) & 0xFF
    level = ((((byte & 0x0F) << 3) + bias) << ((byte >> 4) & 7)) - bias
    return (~code & 0xFF).astype(np.uint8), np.where(byte & 0x80, -level, level).astype(np.int16)


def _alaw_tables() -> tuple[NDArray[np.uint8], Samples]:
    sample = np.arange(-32768, 32768, dtype=np.int64)
    size = np.where(sample < 0, ~sample, sample)
    segment = np.maximum(np.floor(np.log2(np.maximum(size, 1))).astype(np.int64) - 7, 0)
    step = np.maximum(segment, 1) + 3  # the two lowest segments have the same step
    code = np.where(sample < 0, 0, 0x80) | (segment << 4) | ((size >> step) & 0x0F)
    byte = np.arange(256) ^ 0x55
    part = (byte >> 4) & 7
    level = ((byte & 0x0F) << 4) + 8
    level = np.where(part > 0, (level + 256) << np.maximum(part - 1, 0), level)
    return (code ^ 0x55).astype(np.uint8), np.where(byte & 0x80, level, -level).astype(np.int16)


class Codec(Enum):
    """A G.711 law, with its static RTP payload type (RFC 3551 table 4) and its name in SDP."""

    PCMU = 0
    PCMA = 8

    def encode(self, samples: Samples) -> bytes:
        """Return one byte for each sample."""
        table, _ = _TABLES[self]
        return table[samples.astype(np.int32) + 32768].tobytes()

    def decode(self, data: bytes) -> Samples:
        """Return one int16 sample for each byte."""
        _, levels = _TABLES[self]
        return levels[np.frombuffer(data, dtype=np.uint8)]

    @property
    def silence(self) -> int:
        """The byte of the smallest positive level."""
        return 0xFF if self is Codec.PCMU else 0xD5


_TABLES = {Codec.PCMU: _mulaw_tables(), Codec.PCMA: _alaw_tables()}
