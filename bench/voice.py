"""Voice of many calls by few system calls: every stream of one side leaves by one socket.

Twenty slots of 1 ms make the 20 ms of a packet; each stream has its slot, so that the packets of a hundred calls are
spread as they are in life. What comes back is counted and thrown away.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from phones.g711 import Codec

SLOTS = 20
SLOT_S = 0.001
SAMPLES = 160  # 20 ms at 8 kHz
LATE_SLOTS = 60  # what a jitter buffer takes; what is later is left out
STARTS = (10_000, 50_000)  # RTP sequence numbers: the recorder has been wrong with the upper half
_BUFFER = 4 << 20  # bytes: a second of voice waits here without loss
_AMPLITUDE = 8000  # of 32768: loud speech
_KEYS = "0123456789*#ABCD"  # RFC 4733 section 3.2: the event's number is its place
_KEY_TYPE = 101
_KEY_SLOTS = 5  # a key is held for 100 ms
_KEY_ENDS = 3  # its last packet is said so often, because one may be lost
_KEY_VOLUME = 10


@dataclass
class Stream:
    """One voice on its way to Asterisk."""

    to: tuple[str, int]
    sequence: int
    packet: bytearray = field(repr=False)
    stamp: int = 0
    keys: deque[tuple[int, bytes]] = field(default_factory=deque)
    """What is left to be sent of keys, in place of voice: how long after its beginning, and the event."""


class Voices:
    """All voices of one side of all calls, on one socket at `address`."""

    def __init__(self, address: str, hz: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self.socket.bind((address, 0))
        self.socket.setblocking(False)
        self.address, self.port = self.socket.getsockname()
        self.sent = 0
        self.received = 0
        self.late = 0
        """Packets that were left out because this process was late."""
        wave = _AMPLITUDE * np.sin(2 * np.pi * hz * np.arange(SAMPLES) / 8000)  # whole periods of a multiple of 50 Hz
        self._sound = Codec.PCMA.encode(wave.astype(np.int16))
        self._slots: list[dict[int, Stream]] = [{} for _ in range(SLOTS)]
        self._numbers = count(1)
        self._trash = bytearray(2048)

    def speak(self, to: tuple[str, int]) -> int:
        """Begin a voice; the number that is returned ends it."""
        number = next(self._numbers)
        packet = bytearray(12) + self._sound
        struct.pack_into("!BBHII", packet, 0, 0x80, 8, 0, 0, number)  # RFC 3550 section 5.1; payload 8 is PCMA
        self._slots[number % SLOTS][number] = Stream(to, STARTS[number % 2], packet)
        return number

    def hush(self, number: int) -> None:
        """End a voice."""
        self._slots[number % SLOTS].pop(number, None)

    def press(self, number: int, key: str) -> None:
        """Press a key beside this voice, held for 100 ms from now on."""
        stream = self._slots[number % SLOTS].get(number)
        if stream is None:
            return
        event = _KEYS.index(key)
        for place in range(_KEY_SLOTS + _KEY_ENDS):
            ended = 0x80 if place >= _KEY_SLOTS else 0
            length = min(place + 1, _KEY_SLOTS) * SAMPLES
            stream.keys.append((place, struct.pack("!BBH", event, ended | _KEY_VOLUME, length)))

    def tick(self, slot: int, *, left_out: bool) -> None:
        """Send what is due in this slot, or let its time pass."""
        streams = self._slots[slot % SLOTS].values()
        for stream in streams:
            stream.sequence = (stream.sequence + 1) & 0xFFFF
            stream.stamp += SAMPLES
            if stream.keys:
                self.socket.sendto(self._key(stream), stream.to)
                self.sent += 1
                continue
            if left_out:
                self.late += 1
                continue
            struct.pack_into("!HI", stream.packet, 2, stream.sequence, stream.stamp & 0xFFFFFFFF)
            self.socket.sendto(stream.packet, stream.to)
            self.sent += 1

    @staticmethod
    def _key(stream: Stream) -> bytes:
        """All packets of a key have the time of its beginning; the first one is marked (RFC 4733 section 2.5)."""
        place, event = stream.keys.popleft()
        began = (stream.stamp - place * SAMPLES) & 0xFFFFFFFF
        head = bytearray(stream.packet[:12])
        struct.pack_into("!BHI", head, 1, _KEY_TYPE | (0x80 if place == 0 else 0), stream.sequence, began)
        return bytes(head) + event

    def drain(self) -> None:
        """Count what has come."""
        with suppress(BlockingIOError):
            while True:
                self.socket.recv_into(self._trash)
                self.received += 1
