"""The sound of one call at its edge: a UDP socket between a mouth and an ear.

It listens from its first moment (early media), speaks when it knows where to, and never fails: what is not RTP is
counted and dropped.
"""

import asyncio
import contextlib
import errno
import secrets
import socket
from collections.abc import Callable

from phones.ear import Ear
from phones.errors import DamagedMessage
from phones.g711 import Codec
from phones.mouth import Mouth
from phones.pacer import Pacer
from phones.rtp import Packet, Stream
from phones.sdp import KEYS_TYPE, Description

_DRAIN = 64  # datagrams read at one go, so that one busy call does not starve the others


class Media:
    """One RTP socket with its mouth and its ear.

    The port is even, and the next one is left alone as far as we can: peers send RTCP there.
    """

    def __init__(self, host: str, first_sequence: int | None, first_voice: Callable[[], None]) -> None:
        self._first_voice = first_voice
        self._loop = asyncio.get_running_loop()
        self._socket = _even_socket(host)
        self._loop.add_reader(self._socket, self._read)
        self._remote: tuple[str, int] | None = None
        self._speaks = False
        self._arrived: set[asyncio.Future[None]] = set()
        self._said: set[asyncio.Future[None]] = set()
        self._keys_type: int | None = KEYS_TYPE
        sequence = secrets.randbelow(0x10000) if first_sequence is None else first_sequence & 0xFFFF
        stream = Stream(sequence, secrets.randbits(32), secrets.randbits(32))
        self.mouth = Mouth(stream, Codec.PCMA)
        self.ear = Ear()
        self.sent = 0
        self.missed = 0  # packets that were too late for their time, or that the socket did not take

    @property
    def port(self) -> int:
        """Our port; 0 when closed."""
        return int(self._socket.getsockname()[1]) if self.open else 0

    @property
    def open(self) -> bool:
        """Whether it still hears."""
        return self._socket.fileno() >= 0

    @property
    def speaking(self) -> bool:
        """Whether it speaks: the other side's address is known and the direction allows it."""
        return self._speaks

    def agree(self, remote: Description, speaks: bool) -> None:
        """Take what the other side described: its address and the first codec, and whether we speak."""
        if remote.codecs:
            self.mouth.agree(remote.codecs[0], remote.keys_type)
        self._keys_type = remote.keys_type if remote.keys_type is not None else KEYS_TYPE
        self._remote = (remote.host, remote.port) if remote.port and remote.host != "0.0.0.0" else None  # noqa: S104
        self._speaks = speaks and self._remote is not None and self.open
        if self._speaks:
            Pacer.here().add(self)
        else:
            Pacer.here().remove(self)
            _wake(self._said)

    def speak(self, frames: int, skipped: int) -> None:
        """Send the next frames: the pacer calls this."""
        if skipped:
            self.mouth.skip(skipped)
            self.missed += skipped
        for _ in range(frames):
            for packet in self.mouth.next_packets():
                try:
                    self._socket.sendto(packet, self._remote)  # type: ignore[arg-type]
                except OSError:  # a full buffer, or a peer's port that is gone
                    self.missed += 1
                else:
                    self.sent += 1
        if self._said and not self.mouth.busy:
            _wake(self._said)

    async def more(self) -> None:
        """Return when something more was heard, or when it is closed."""
        await self._wait_among(self._arrived)

    async def silence(self) -> None:
        """Return when all that ends by itself is said, or when it cannot be said any more."""
        await self._wait_among(self._said)

    async def _wait_among(self, waiters: set[asyncio.Future[None]]) -> None:
        waiter = self._loop.create_future()
        waiters.add(waiter)
        try:
            await waiter
        finally:
            waiters.discard(waiter)

    def close(self) -> None:
        """Stop speaking and hearing; what was heard stays."""
        Pacer.here().remove(self)
        self._speaks = False
        if self.open:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            _wake(self._arrived)
            _wake(self._said)

    def _read(self) -> None:
        for _ in range(_DRAIN):
            try:
                data = self._socket.recv(2048)
            except BlockingIOError:
                break
            except OSError:  # an ICMP error of an earlier packet
                continue
            try:
                packet = Packet.parse(data)
            except DamagedMessage:
                self.ear.count.foreign += 1
                continue
            deaf = self.ear.first_at is None
            self.ear.hear(packet, self._loop.time(), self._keys_type)
            if deaf and self.ear.first_at is not None:
                self._first_voice()
        _wake(self._arrived)


def _wake(waiters: set[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)


def _even_socket(host: str) -> socket.socket:
    for _ in range(100):
        one = udp_socket((host, 0))
        if one.getsockname()[1] % 2 == 0:
            return one
        with contextlib.suppress(OSError):
            neighbour = udp_socket((host, one.getsockname()[1] - 1))
            one.close()
            return neighbour
        one.close()
    raise OSError(errno.EADDRINUSE, f"no even UDP port is free at {host}")


def udp_socket(local: tuple[str, int]) -> socket.socket:
    """Return a bound, non-blocking UDP socket. Raises `OSError` when the address is taken."""
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        one.setblocking(False)
        one.bind(local)
    except OSError:
        one.close()
        raise
    return one
