"""Duty telephones of all departments on one socket behind the trunk: each number does what it is told to.

They speak as much SIP as this needs (`bench.sip`), send voice while they are up, and press keys as telephones do, by
RFC 4733. What happens at each is told at once, with the kernel's time of whatever has arrived.
"""

from __future__ import annotations

import random
import re
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count

from bench import sip
from bench.clock import Loop
from bench.voice import Voices

NOBODY = 0
"""A status of a manner: it rings, and nobody comes."""
_SENT_BY = re.compile(r"SIP/2\.0/UDP\s+([^\s:;,]+)(?::(\d+))?")
_HOST = re.compile(r"@([^:;>]+)(?::(\d+))?")
_AGAIN_S = 0.5  # T1 of RFC 3261
_AGAIN = 10


@dataclass(frozen=True)
class Manner:
    """What somebody does who is called."""

    ring_s: float = 0.1
    """How long it rings first."""
    status: int = 200
    """What he answers then: 200 picks up, 486 is busy, 603 rejects; `NOBODY` never comes."""
    keys: str = ""
    """What he presses, one key after the other."""
    key_after_s: float = 0.5
    """Before each key."""
    hang_up_after_s: float | None = None
    """After picking up; None: he waits until the caller hangs up."""


@dataclass(frozen=True)
class Rung:
    """One call at one number. Times are ns since the epoch; 0 stands for never."""

    id: int
    number: str
    invited: int
    """INVITE."""
    accepted: int = 0
    """ACK to the 200: both sides know that it is up."""
    keyed: int = 0
    """A key 1 or 9 goes down, the first one."""
    key: str = ""
    """Which one."""
    stopped: int = 0
    """CANCEL, or BYE of the caller's."""
    over: int = 0
    """Nothing is left of it."""


class Duty:
    """All of them, at `address`; `told` hears of each call whenever something has happened to it."""

    def __init__(self, loop: Loop, voices: Voices, address: str, told: Callable[[Rung], None]) -> None:
        self._loop = loop
        self._voices = voices
        self._told = told
        self._socket: socket.socket = loop.datagrams(address, self._receive)
        self.port: int = self._socket.getsockname()[1]
        self._via = f"{address}:{self.port}"
        self._numbers = count(1)
        self._lines: dict[str, _Line] = {}
        self._always = Manner()
        self._manners: dict[str, deque[Manner]] = {}

    def behave(self, always: Manner, numbers: Mapping[str, tuple[Manner, ...]]) -> None:
        """From now on a number does the first of its manners, the next call the next; without any left, `always`."""
        self._always = always
        self._manners = {number: deque(manners) for number, manners in numbers.items()}

    def _receive(self, data: bytes, at: int) -> None:
        message = sip.parse(data)
        line = self._lines.get(message.call)
        if message.code:
            if line is not None and message.answers == "BYE":
                line.end()
        elif message.method == "INVITE":
            if line is None:
                waiting = self._manners.get(message.user)
                line = _Line(self, message, waiting.popleft() if waiting else self._always, at, next(self._numbers))
                self._lines[message.call] = line
                line.begin()
            else:
                line.again()
        elif message.method == "ACK":
            if line is not None:
                line.acknowledged(at)
        else:
            gone = line is None and message.method != "OPTIONS"
            self.send(message, self.response(message, "481 Gone" if gone else "200 OK"))
            if line is not None and message.method == "CANCEL":
                line.cancelled(at)
            elif line is not None and message.method == "BYE":
                line.hung_up(at)

    # What a line needs.

    def send(self, to: sip.Message, data: bytes) -> None:
        """To whoever has sent this request (RFC 3261 section 18.2.2)."""
        found = _SENT_BY.match(to.headers["via"][0])
        if found is not None:
            self._socket.sendto(data, (found[1], int(found[2] or 5060)))

    def send_to(self, uri: str, data: bytes) -> None:
        """To the host and port of a URI."""
        found = _HOST.search(uri)
        if found is not None:
            self._socket.sendto(data, (found[1], int(found[2] or 5060)))

    def response(self, to: sip.Message, status: str, body: str = "") -> bytes:
        """An answer to a request."""
        return sip.response(to, status, tag=f"d{to.call}", contact=self.contact(to.user), body=body)

    def contact(self, number: str) -> str:
        """Where a number is reached."""
        return f"sip:{number or 'city'}@{self._via}"

    @property
    def via(self) -> str:
        """Host and port for Via."""
        return self._via

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something later."""
        self._loop.after(seconds, do)

    def tell(self, rung: Rung) -> None:
        """Something has happened to a call."""
        self._told(rung)

    def forget(self, call: str) -> None:
        """It is over."""
        self._lines.pop(call, None)

    @property
    def voices(self) -> Voices:
        """Their mouths."""
        return self._voices


class _Line:
    """One call."""

    def __init__(self, duty: Duty, invite: sip.Message, manner: Manner, at: int, id: int) -> None:
        self._duty = duty
        self._invite = invite
        self._manner = manner
        self._rung = Rung(id, invite.user, at)
        self._last = b""
        self._voice = 0
        self._picked_up = False
        self._final = False
        self._over = False

    def begin(self) -> None:
        self._tell()
        if self._manner.ring_s > 0 or self._manner.status == NOBODY:
            self._say("180 Ringing")
        if self._manner.status != NOBODY:
            self._duty.later(self._manner.ring_s, self._answer)

    def again(self) -> None:
        """It was sent again, because what was said to it is lost."""
        if self._last:
            self._duty.send(self._invite, self._last)

    def acknowledged(self, at: int) -> None:
        if not self._picked_up:
            self.end()
        elif not self._rung.accepted:
            self._tell(accepted=at)
            self._keys(self._manner.keys)
            if self._manner.hang_up_after_s is not None:
                self._duty.later(self._manner.hang_up_after_s, self._hang_up)

    def cancelled(self, at: int) -> None:
        if not self._final:
            self._final = True
            self._tell(stopped=at)
            self._say("487 Request Terminated")

    def hung_up(self, at: int) -> None:
        self._tell(stopped=self._rung.stopped or at)
        self.end()

    def end(self) -> None:
        if not self._over:
            self._over = True
            self._duty.voices.hush(self._voice)
            self._duty.forget(self._invite.call)
            self._tell(over=time.time_ns())

    def _answer(self) -> None:
        if self._final:
            return
        self._final = True
        if self._manner.status != 200:
            self._say(f"{self._manner.status} No")
            return
        self._picked_up = True
        self._say("200 OK", sip.sdp(self._duty.voices.address, self._duty.voices.port))
        if self._invite.audio is not None:
            self._voice = self._duty.voices.speak(self._invite.audio)
        self._until(lambda: bool(self._rung.accepted), self.again)

    def _keys(self, keys: str) -> None:
        def press() -> None:
            if self._over or self._rung.stopped:
                return
            if keys[0] in "19" and not self._rung.keyed:
                self._tell(keyed=time.time_ns(), key=keys[0])
            self._duty.voices.press(self._voice, keys[0])
            self._keys(keys[1:])

        if keys:
            self._duty.later(self._manner.key_after_s, press)

    def _hang_up(self) -> None:
        if self._over or self._rung.stopped:
            return
        bye = sip.request(
            "BYE",
            self._invite.contact,
            via=f"{self._duty.via};rport;branch=z9hG4bK{random.getrandbits(64):x}",
            sender=f"{self._invite.headers['to'][0]};tag=d{self._invite.call}",
            to=self._invite.headers["from"][0],
            call=self._invite.call,
            number=1,
            contact=self._duty.contact(self._rung.number),
        )
        self._duty.voices.hush(self._voice)
        self._duty.send_to(self._invite.contact, bye)
        self._until(lambda: self._over, lambda: self._duty.send_to(self._invite.contact, bye))

    def _until(self, settled: Callable[[], bool], send: Callable[[], None], times: int = _AGAIN) -> None:
        """Send again until something is so."""

        def again() -> None:
            if settled() or self._over:
                return
            if times == 0:
                self.end()
                return
            send()
            self._until(settled, send, times - 1)

        self._duty.later(_AGAIN_S, again)

    def _say(self, status: str, body: str = "") -> None:
        self._last = self._duty.response(self._invite, status, body)
        self._duty.send(self._invite, self._last)

    def _tell(self, **changes: object) -> None:
        self._rung = replace(self._rung, **changes)  # type: ignore[arg-type]
        self._duty.tell(self._rung)
