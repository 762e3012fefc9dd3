"""What a telephone says next: silence, a tone, a recording, and keys between them. Pure.

Each 20 ms it is asked for what to send; payloads are made beforehand, so that asking costs nothing.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phones import dtmf
from phones.g711 import Codec, Samples
from phones.rtp import FRAME_SAMPLES, Stream
from phones.tone import tone_frames


@dataclass(frozen=True)
class Spoken:
    """What to say over and over, or once; `frames` are made for one codec."""

    frames: Sequence[bytes]
    repeats: bool


class Mouth:
    """The speaking half of a call's sound."""

    def __init__(self, stream: Stream, codec: Codec) -> None:
        self.stream = stream
        self.sending = True
        self._codec = codec
        self._keys_type: int | None = None
        self._keys: deque[tuple[dtmf.KeyPacket, ...]] = deque()
        self._key_began = 0
        self._source: int | Samples | None = None  # a tone's Hz, samples, or silence
        self._repeats = True
        self._frames = self._make()
        self._at = 0
        self._marker = True

    def agree(self, codec: Codec, keys_type: int | None) -> None:
        """Take the codec and the payload type of keys that the two sides agreed on; what is said goes on."""
        self._keys_type = keys_type
        if codec is not self._codec:
            self._codec = codec
            self._frames = self._make()

    @property
    def keys_type(self) -> int | None:
        """The payload type of keys, None when the other side does not take them."""
        return self._keys_type

    @property
    def busy(self) -> bool:
        """Whether something that ends by itself is being said."""
        return bool(self._keys) or (isinstance(self._source, np.ndarray) and not self._repeats)

    def tone(self, hz: int) -> None:
        """Say a tone from now on."""
        self._say(hz, repeats=True)

    def silence(self) -> None:
        """Say nothing: packets of silence are sent."""
        self._say(None, repeats=True)

    def samples(self, samples: Samples, repeats: bool) -> None:
        """Say these samples, then silence; or say them for ever."""
        self._say(samples, repeats)

    def keys(self, keys: str) -> None:
        """Press keys one after the other; the voice is suspended meanwhile. Raises `ValueError` for a non-key."""
        frames = [dtmf.frames_of(key) for key in keys]
        for key in frames:
            self._keys.extend(key)
            self._keys.extend(((),) * dtmf.PAUSE_FRAMES)

    def next_packets(self) -> list[bytes]:
        """Return the packets of the next 20 ms and let that time pass."""
        packets: list[bytes] = []
        if self._keys:
            packets = [self._key_packet(key) for key in self._keys.popleft()]
        if not packets:
            packets = self._voice_packets()
        self.stream.advance(FRAME_SAMPLES)
        return packets

    def skip(self, frames: int) -> None:
        """Let time pass without sending."""
        self.stream.advance(frames * FRAME_SAMPLES)

    def _voice_packets(self) -> list[bytes]:
        packets = []
        if self.sending:
            packets = [self.stream.pack(self._codec.value, self._frames[self._at], self._marker)]
            self._marker = False
        self._at += 1
        if self._at == len(self._frames):
            self._at = 0
            if not self._repeats:
                self._source, self._repeats = None, True
                self._begin_again()
        return packets

    def _key_packet(self, key: dtmf.KeyPacket) -> bytes:
        if key.first:
            self._key_began = self.stream.timestamp
        return self.stream.pack(self._keys_type or 0, key.payload, key.first, self._key_began)

    def _say(self, source: int | Samples | None, repeats: bool) -> None:
        self._source, self._repeats = source, repeats
        self.sending = True
        self._begin_again()

    def _begin_again(self) -> None:
        self._frames = self._make()
        self._at = 0
        self._marker = True  # the beginning of a spurt of talk (RFC 3551 section 4.1)

    def _make(self) -> Sequence[bytes]:
        if isinstance(self._source, int):
            return tone_frames(self._source, self._codec)
        if self._source is None or not self._source.size:
            return (bytes([self._codec.silence]) * FRAME_SAMPLES,)
        rest = -self._source.size % FRAME_SAMPLES
        data = self._codec.encode(self._source) + bytes([self._codec.silence]) * rest
        return [data[at : at + FRAME_SAMPLES] for at in range(0, len(data), FRAME_SAMPLES)]
