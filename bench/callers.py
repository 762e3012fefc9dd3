"""Callers of the load: each dials, waits, talks for the holding time and hangs up."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from bench import sip
from bench.clock import Loop
from bench.voice import Voices

GIVE_UP_S = 10.0  # who has not been answered by then counts as failed: the shortest of the field's clocks
_AGAIN_S = 0.5  # T1 of RFC 3261; sent again this often, doubled each time
_AGAIN = 5


@dataclass
class Call:
    """One call, as it is measured. Times are ns since the epoch, by the kernel's clock; 0 stands for never."""

    number: str
    """The caller's, of this call alone: it joins what the caller and the seats see."""
    way: int
    """Of the window in which it was made."""
    sent: int = 0
    """INVITE at the caller."""
    rung: int = 0
    """First INVITE at a seat."""
    answered: int = 0
    """200 at the caller."""
    legs: int = 0
    """INVITEs at seats."""
    doubled: int = 0
    """Those among them that came to a seat which was talking to somebody else."""
    after_free: int = 0
    """How long before its first seat's INVITE that seat's last call had ended, ns; 0: it had none before."""
    sent_again: int = 0
    """INVITEs of the caller that were sent again, because nobody answered in half a second."""
    ended: str = ""
    """Empty for a call that was answered and ended by its caller; otherwise what went wrong."""


class Callers:
    """All callers, behind one trunk at `address`."""

    def __init__(self, loop: Loop, voices: Voices, server: tuple[str, int], address: str, hold_s: float) -> None:
        self._loop = loop
        self._voices = voices
        self._server = server
        self._hold_s = hold_s
        self._socket: socket.socket = loop.datagrams(address, self._receive)
        self._port: int = self._socket.getsockname()[1]
        self._address = address
        self._numbers = count(1)
        self._lines: dict[str, _Line] = {}
        self.calls: dict[str, Call] = {}
        """By the caller's number."""

    def dial(self, target: str, way: int) -> None:
        """One more caller dials."""
        call = Call(f"139{next(self._numbers):08d}", way)
        self.calls[call.number] = call
        line = _Line(self, call, target)
        self._lines[line.id] = line
        line.invite()

    def finish(self) -> None:
        """Whoever talks hangs up now, and whoever is answered from now on does so at once."""
        self._hold_s = 0.0
        for line in list(self._lines.values()):
            if line.answered:
                line.hang_up()

    @property
    def busy(self) -> int:
        """Calls that have not ended."""
        return len(self._lines)

    @property
    def unanswered(self) -> bool:
        """Whether any caller still waits."""
        return any(not line.answered for line in self._lines.values())

    def _receive(self, data: bytes, at: int) -> None:
        message = sip.parse(data)
        line = self._lines.get(message.call)
        if message.code:
            if line is not None:
                line.take(message, at)
            return
        status = "481 Unknown" if line is None and message.method != "OPTIONS" else "200 OK"
        if message.method != "ACK":
            self.send(sip.response(message, status, tag="caller", contact=self.contact))
        if line is not None and message.method == "BYE":
            line.over("cut")

    # What a line needs.

    @property
    def contact(self) -> str:
        """Where Asterisk reaches the callers."""
        return f"sip:city@{self._address}:{self._port}"

    def send(self, data: bytes) -> None:
        """To Asterisk."""
        self._socket.sendto(data, self._server)

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something later."""
        self._loop.after(seconds, do)

    def forget(self, line: _Line) -> None:
        """It has ended."""
        self._lines.pop(line.id, None)

    @property
    def voices(self) -> Voices:
        """Their mouths."""
        return self._voices

    @property
    def hold_s(self) -> float:
        """How long they talk."""
        return self._hold_s

    @property
    def via(self) -> str:
        """Host and port for Via."""
        return f"{self._address}:{self._port}"

    @property
    def server(self) -> str:
        """Host and port of Asterisk."""
        return f"{self._server[0]}:{self._server[1]}"


class _Line:
    """The dialogue of one call."""

    def __init__(self, callers: Callers, call: Call, target: str) -> None:
        self._all = callers
        self._call = call
        self.id = f"{call.number}-{random.getrandbits(64):x}"
        self._uri = f"sip:{target}@{callers.server}"
        self._from = f"<sip:{call.number}@{callers.via}>;tag={call.number}"
        self._to = f"<{self._uri}>"
        self._voice = 0
        self._heard = False  # anything at all in answer to the INVITE
        self._hung_up = False
        self._done = False

    @property
    def answered(self) -> bool:
        return self._call.answered > 0

    def invite(self) -> None:
        body = sip.sdp(self._all.voices.address, self._all.voices.port)
        data = self._request("INVITE", self._uri, self._to, 1, "i", body)
        self._call.sent = time.time_ns()
        self._all.send(data)
        self._again(data, _AGAIN, lambda: self._heard)
        self._all.later(GIVE_UP_S, self._give_up)

    def take(self, message: sip.Message, at: int) -> None:
        if message.answers == "BYE":
            self.over("")
            return
        if message.answers != "INVITE":
            return
        self._heard = True
        if message.audio and not self._voice:
            self._voice = self._all.voices.speak(message.audio)
        if message.code < 200:
            return
        self._to = message.headers["to"][0]
        if message.code >= 300:
            self._all.send(self._request("ACK", self._uri, self._to, 1, "i"))
            self.over(self._call.ended or f"refused {message.code}")
            return
        self._uri = message.contact
        self._all.send(self._request("ACK", self._uri, self._to, 1, "a"))
        if not self._call.answered:
            self._call.answered = at
            self._all.later(self._all.hold_s, self.hang_up)

    def over(self, how: str) -> None:
        self._call.ended = how
        self._done = True
        self._all.voices.hush(self._voice)
        self._all.forget(self)

    def hang_up(self) -> None:
        if self._done or self._hung_up:
            return
        self._hung_up = True
        self._all.voices.hush(self._voice)
        data = self._request("BYE", self._uri, self._to, 2, "b")
        self._all.send(data)
        self._again(data, _AGAIN, lambda: self._done)

    def _give_up(self) -> None:
        if self._done or self._call.answered:
            return
        self._call.ended = "not answered"
        self._all.send(self._request("CANCEL", self._uri, self._to, 1, "i"))
        self._all.later(GIVE_UP_S, self._abandon)

    def _abandon(self) -> None:
        if not self._done:
            self.over("not answered, and not to be cancelled")

    def _again(self, data: bytes, times: int, settled: Callable[[], bool], wait: float = _AGAIN_S) -> None:
        def send() -> None:
            if settled() or self._done:
                return
            if times == 0:
                self.over("Asterisk is silent")
                return
            self._call.sent_again += 1
            self._all.send(data)
            self._again(data, times - 1, settled, wait * 2)

        self._all.later(wait, send)

    def _request(self, method: str, uri: str, to: str, number: int, branch: str, body: str = "") -> bytes:
        via = f"{self._all.via};rport;branch=z9hG4bK{self.id}{branch}"
        return sip.request(
            method,
            uri,
            via=via,
            sender=self._from,
            to=to,
            call=self.id,
            number=number,
            contact=self._all.contact,
            body=body,
        )
