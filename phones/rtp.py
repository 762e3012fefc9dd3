"""RTP packets (RFC 3550 section 5.1) and the counters of a stream that is sent. Pure.

RTCP is neither sent nor read; `Packet.parse` refuses it, so that a report that strays into the port of
another telephone is not taken for voice.
"""

import struct
from dataclasses import dataclass

from phones.errors import DamagedMessage

FRAME_SAMPLES = 160  # 20 ms at 8 kHz: what every telephone sends in one packet
FRAME_S = 0.02

_HEADER = struct.Struct("!BBHII")
_RTCP_TYPES = range(64, 96)  # RFC 5761 section 4: payload types that would collide with RTCP's


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet; `timestamp` counts samples, `sequence` packets, both wrap."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    @classmethod
    def parse(cls, data: bytes) -> "Packet":
        """Read a datagram. Raises `DamagedMessage` for anything that is not RTP version 2."""
        if len(data) < 12:
            raise DamagedMessage("shorter than an RTP header")
        first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
        if first >> 6 != 2 or (second & 0x7F) in _RTCP_TYPES:
            raise DamagedMessage("not RTP version 2")
        start, end = 12, len(data)
        if first & 0x0F:  # contributing sources
            start += 4 * (first & 0x0F)
        if first & 0x10:  # a header extension: its length in words stands behind two bytes of profile
            if end < start + 4:
                raise DamagedMessage("a cut RTP header extension")
            start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
        if first & 0x20:  # padding: the last byte counts it
            end -= data[-1]
        if start > end:
            raise DamagedMessage("an RTP header longer than its packet")
        return cls(second & 0x7F, sequence, timestamp, ssrc, data[start:end], bool(second & 0x80))

    def __bytes__(self) -> bytes:
        second = self.payload_type | (0x80 if self.marker else 0)
        return _HEADER.pack(0x80, second, self.sequence, self.timestamp, self.ssrc) + self.payload


@dataclass(slots=True)
class Stream:
    """The counters of one stream that is sent: they only go on, and wrap."""

    sequence: int
    timestamp: int
    ssrc: int

    def pack(self, payload_type: int, payload: bytes, marker: bool = False, timestamp: int | None = None) -> bytes:
        """Return the next packet's bytes; `timestamp` is given when an event began in the past."""
        second = payload_type | (0x80 if marker else 0)
        stamp = self.timestamp if timestamp is None else timestamp
        data = _HEADER.pack(0x80, second, self.sequence, stamp, self.ssrc) + payload
        self.sequence = (self.sequence + 1) & 0xFFFF
        return data

    def advance(self, samples: int) -> None:
        """Let `samples` of time pass, sent or not."""
        self.timestamp = (self.timestamp + samples) & 0xFFFFFFFF

    def jump(self, packets: int) -> None:
        """Move the sequence number, as a device does that restarts its sender in the middle of a call."""
        self.sequence = (self.sequence + packets) & 0xFFFF
