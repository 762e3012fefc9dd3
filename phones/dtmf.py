"""Telephone keys as RTP events (RFC 4733), made and read. Pure.

A key's packets all carry the timestamp of its beginning; the duration grows; the first has the marker; the last is
sent three times with the end bit, so that one of them arrives (section 2.5.1.4).
"""

from dataclasses import dataclass

from phones.rtp import FRAME_SAMPLES

KEYS = "0123456789*#ABCD"

KEY_FRAMES = 6  # 120 ms: three times the 40 ms that a receiver must accept
PAUSE_FRAMES = 5  # 100 ms between two keys, so that two equal ones are told apart
END_COPIES = 3
VOLUME = 10  # dBm0 below zero: what telephones send


@dataclass(frozen=True, slots=True)
class KeyPacket:
    """One packet of a key: its payload, and whether it is the key's first one."""

    payload: bytes
    first: bool


def frames_of(key: str) -> tuple[tuple[KeyPacket, ...], ...]:
    """Return what is sent in each 20 ms of one key. Raises `ValueError` for a key that no telephone has."""
    event = KEYS.find(key.upper())
    if event < 0 or len(key) != 1:
        raise ValueError(f"{key!r} is not a key: {KEYS}")
    frames = []
    for frame in range(1, KEY_FRAMES + 1):
        last = frame == KEY_FRAMES
        duration = frame * FRAME_SAMPLES
        payload = bytes((event, (0x80 if last else 0) | VOLUME)) + duration.to_bytes(2, "big")
        frames.append((KeyPacket(payload, frame == 1),) * (END_COPIES if last else 1))
    return tuple(frames)


class KeyReader:
    """Reads keys from the events of one stream; each key counts once, whichever of its packets arrive."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None

    def read(self, ssrc: int, timestamp: int, payload: bytes) -> str | None:
        """Return the key when this packet is the first that tells of it, else None. Garbage tells nothing."""
        if len(payload) < 4 or payload[0] >= len(KEYS) or self._last == (ssrc, timestamp):
            return None
        self._last = (ssrc, timestamp)
        return KEYS[payload[0]]
