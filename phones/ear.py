"""What a telephone hears: every packet's sound at its place in time. Pure; arrival times are arguments.

The place comes from the RTP timestamp, so packets out of order fall right and a lost one leaves zeros. When the source
changes or its timestamp jumps, the new part is put where its arrival says.
"""

from dataclasses import dataclass

import numpy as np

from phones.dtmf import KeyReader
from phones.g711 import RATE_HZ, Codec, Samples
from phones.rtp import Packet

KEEP_S = 600.0  # at least the newest five minutes, at most ten: 10 MB

_ASTRAY_S = 1.0  # a packet whose timestamp puts it farther than this from its arrival begins a new part
_PATIENCE_S = 0.1  # a packet may be this late before its absence counts as silence
_RESTART = 1000  # packets; a greater jump of the sequence number is a restarted sender, not a loss


@dataclass
class Count:
    """Packets received: all, voice, keys; those that never came; those that came late; those of no use to us."""

    packets: int = 0
    voice: int = 0
    keys: int = 0
    lost: int = 0
    late: int = 0
    foreign: int = 0


class Ear:
    """The hearing half of a call's sound."""

    def __init__(self, keep_s: float = KEEP_S) -> None:
        self._keep = int(keep_s * RATE_HZ)
        self._sound = np.zeros(RATE_HZ, dtype=np.int16)
        self._length = 0
        self._ssrc: int | None = None
        self._highest = 0  # sequence number of the newest packet
        self._origin = 0  # the position of timestamp `_base`
        self._base: int | None = None
        self._pause = False
        self._keys = KeyReader()
        self.dropped = 0  # samples of the beginning that were too old to keep
        self.first_at: float | None = None
        self.count = Count()
        self.keys = ""

    @property
    def samples(self) -> Samples:
        """Everything kept so far: int16, mono, 8 kHz. A copy."""
        return self._sound[: self._length].copy()

    @property
    def position(self) -> int:
        """How many samples were heard since the beginning, holes included."""
        return self.dropped + self._length

    def window(self, begin: int, end: int) -> Samples:
        """Return the samples from `begin` to `end`, as `position` counts; zeros where nothing was heard."""
        sound = np.zeros(max(0, end - begin), dtype=np.int16)
        low, high = max(begin, self.dropped), min(end, self.position)
        if low < high:
            sound[low - begin : high - begin] = self._sound[low - self.dropped : high - self.dropped]
        return sound

    def newest(self, now: float) -> int:
        """Return the position that has been reached now: beyond `position` when packets stay out."""
        if self.first_at is None:
            return 0
        return max(self.position, round((now - self.first_at - _PATIENCE_S) * RATE_HZ))

    def pause(self) -> None:
        """Do not count as lost what is missing before the next packet: a hold, or a new source."""
        self._pause = True

    def hear(self, packet: Packet, now: float, keys_type: int | None) -> None:
        """Take a packet."""
        if keys_type is not None and packet.payload_type == keys_type:
            self._sequence(packet)
            self.count.keys += 1
            self.keys += self._keys.read(packet.ssrc, packet.timestamp, packet.payload) or ""
            return
        if packet.payload_type not in (Codec.PCMU.value, Codec.PCMA.value):
            self.count.foreign += 1
            return
        self._sequence(packet)
        self.count.voice += 1
        if self.first_at is None:
            self.first_at = now
        place = self._place(packet.timestamp, round((now - self.first_at) * RATE_HZ))
        if place >= self.dropped:
            self._put(place, Codec(packet.payload_type).decode(packet.payload))

    def _sequence(self, packet: Packet) -> None:
        self.count.packets += 1
        if packet.ssrc != self._ssrc:
            self._ssrc, self._base, self._highest = packet.ssrc, None, packet.sequence
            return
        if self._pause:  # an exchange counts on while it sends nothing
            self._pause, self._highest = False, packet.sequence
            return
        ahead = (packet.sequence - self._highest) & 0xFFFF
        if 0 < ahead < 0x10000 - _RESTART:
            self.count.lost += ahead - 1 if ahead < _RESTART else 0
            self._highest = packet.sequence
        elif ahead:
            self.count.late += 1
            self.count.lost = max(0, self.count.lost - 1)

    def _place(self, timestamp: int, arrival: int) -> int:
        """Return the position of a timestamp; `arrival` is the position that its packet's arrival would give."""
        if self._base is not None:
            ahead = (timestamp - self._base) & 0xFFFFFFFF
            place = self._origin + (ahead if ahead < 1 << 31 else ahead - (1 << 32))
            if abs(place - arrival) <= _ASTRAY_S * RATE_HZ:
                return place
        self._base, self._origin = timestamp, max(self.position, arrival)
        return self._origin

    def _put(self, place: int, sound: Samples) -> None:
        end = place + sound.size
        if end - self.dropped > self._keep:
            self._forget(end - self.dropped - self._keep // 2)
        begin, stop = place - self.dropped, end - self.dropped
        if stop > self._sound.size:
            self._sound = np.concatenate((self._sound, np.zeros(max(self._sound.size, stop), dtype=np.int16)))
        self._sound[begin:stop] = sound
        self._length = max(self._length, stop)

    def _forget(self, samples: int) -> None:
        rest = max(0, self._length - samples)
        self._sound[:rest] = self._sound[self._length - rest : self._length]
        self._sound[rest:] = 0
        self._length = rest
        self.dropped += samples
