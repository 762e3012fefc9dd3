"""Seats of the load: registered telephones on one socket. Of those that a call rings, the first one answers.

A call-taker answers a call and the others see that it is gone; telephones that answer each for itself would measure
how Asterisk sorts out the race of thirty answers, which no centre has.
"""

from __future__ import annotations

import random
import socket
from dataclasses import dataclass

from bench import sip
from bench.callers import Call
from bench.clock import Loop
from bench.voice import Voices
from phones.digest import Credentials, answer, choose

_AGAIN_S = 0.5  # T1 of RFC 3261
_EXPIRES_S = 3600  # longer than any run


@dataclass
class _Leg:
    """A call at one seat."""

    seat: str
    call: Call
    invite: sip.Message
    answers: bool
    last: bytes = b""
    """What was said to the INVITE last."""
    said_200: bool = False
    acknowledged: bool = False
    voice: int = 0


class Seats:
    """All seats, at `address`."""

    def __init__(
        self,
        loop: Loop,
        voices: Voices,
        server: tuple[str, int],
        address: str,
        calls: dict[str, Call],
        answer_after_s: float,
    ) -> None:
        self._loop = loop
        self._voices = voices
        self._server = server
        self._socket: socket.socket = loop.datagrams(address, self._receive)
        self._via = f"{address}:{self._socket.getsockname()[1]}"
        self._calls = calls
        self._answer_after_s = answer_after_s
        self._legs: dict[str, _Leg] = {}
        self._talking: set[str] = set()
        self._answering: set[str] = set()  # numbers of callers whom a seat has taken or will take
        self._secrets: dict[str, str] = {}
        self._waiting: set[str] = set()
        self._freed: dict[str, int] = {}
        """When each seat's last call ended, of those that have had none since; ns since the epoch."""
        self.strange = 0
        """INVITEs of calls that nobody here has made."""

    def sign_on(self, secrets: dict[str, str]) -> None:
        """Register these seats; `all_on` tells when it is done."""
        self._secrets |= secrets
        self._waiting |= secrets.keys()
        for place, seat in enumerate(secrets):
            self._register(seat, 1, (), after=place * 0.002)

    @property
    def all_on(self) -> bool:
        """Whether every seat has been accepted."""
        return not self._waiting

    def _register(self, seat: str, number: int, more: tuple[str, ...], after: float = 0.0) -> None:
        account = f"<sip:{seat}@{self._server[0]}:{self._server[1]}>"
        data = sip.request(
            "REGISTER",
            f"sip:{self._server[0]}:{self._server[1]}",
            via=f"{self._via};rport;branch=z9hG4bK{random.getrandbits(64):x}",
            sender=f"{account};tag={seat}",
            to=account,
            call=f"register-{seat}",
            number=number,
            contact=f"sip:{seat}@{self._via}",
            more=(f"Expires: {_EXPIRES_S}", *more),
        )
        self._loop.after(after, lambda: self._send(data))

        def again() -> None:
            if seat in self._waiting and not more:
                self._register(seat, number + 10, ())

        self._loop.after(after + 2.0, again)

    def _registered(self, message: sip.Message) -> None:
        seat = message.call.removeprefix("register-")
        if message.code == 200:
            self._waiting.discard(seat)
        challenge = choose(message.headers.get("www-authenticate", []))
        if message.code == 401 and challenge is not None:
            uri = f"sip:{self._server[0]}:{self._server[1]}"
            value = answer(challenge, Credentials(seat, self._secrets[seat]), "REGISTER", uri, "liandong")
            self._register(seat, int(message.headers["cseq"][0].split()[0]) + 1, (f"Authorization: {value}",))

    def _receive(self, data: bytes, at: int) -> None:
        message = sip.parse(data)
        if message.code:
            if message.answers == "REGISTER":
                self._registered(message)
            return
        leg = self._legs.get(message.call)
        if message.method == "INVITE":
            self._invited(message, leg, at)
        elif message.method == "ACK":
            self._acknowledged(message, leg)
        else:
            self._send(self._response(message, "200 OK"))
            if leg is not None and message.method == "CANCEL" and not leg.said_200:
                self._say(leg, "487 Request Terminated")
                self._answering.discard(leg.call.number if leg.answers else "")
            elif leg is not None and message.method == "BYE":
                self._freed[leg.seat] = at
                self._end(leg)

    def _invited(self, message: sip.Message, leg: _Leg | None, at: int) -> None:
        if leg is not None:
            if leg.acknowledged:  # an INVITE within the call
                self._send(self._response(message, "200 OK", self._sdp))
            else:
                self._send(leg.last)
            return
        call = self._calls.get(message.caller)
        if call is None:
            self.strange += 1
            self._send(self._response(message, "486 Busy Here"))
            return
        seat = message.user
        freed = self._freed.pop(seat, 0)
        if not call.rung:
            call.rung, call.after_free = at, at - freed if freed else 0
        call.legs += 1
        call.doubled += seat in self._talking
        leg = _Leg(seat, call, message, call.number not in self._answering)
        self._legs[message.call] = leg
        if not leg.answers:
            self._say(leg, "180 Ringing")
            return
        self._answering.add(call.number)
        if self._answer_after_s:
            self._say(leg, "180 Ringing")
            self._loop.after(self._answer_after_s, lambda: self._answer(leg))
        else:
            self._answer(leg)

    def _answer(self, leg: _Leg) -> None:
        if self._legs.get(leg.invite.call) is not leg or leg.last.startswith(b"SIP/2.0 487"):
            return
        leg.said_200 = True
        self._talking.add(leg.seat)
        self._say(leg, "200 OK", self._sdp)
        audio = leg.invite.audio
        if audio is not None:
            leg.voice = self._voices.speak(audio)
        self._until_acknowledged(leg)

    def _until_acknowledged(self, leg: _Leg) -> None:
        def again() -> None:
            if not leg.acknowledged and self._legs.get(leg.invite.call) is leg:
                self._send(leg.last)
                self._until_acknowledged(leg)

        self._loop.after(_AGAIN_S, again)

    def _acknowledged(self, message: sip.Message, leg: _Leg | None) -> None:
        if leg is None:
            return
        leg.acknowledged = True
        if not leg.said_200:
            self._end(leg)

    def _end(self, leg: _Leg) -> None:
        self._voices.hush(leg.voice)
        self._legs.pop(leg.invite.call, None)
        if leg.said_200:
            self._talking.discard(leg.seat)
        if leg.answers:
            self._answering.discard(leg.call.number)  # if the caller is still there, the next seat answers

    def _say(self, leg: _Leg, status: str, body: str = "") -> None:
        leg.last = self._response(leg.invite, status, body)
        self._send(leg.last)

    def _response(self, message: sip.Message, status: str, body: str = "") -> bytes:
        return sip.response(message, status, tag=message.call, contact=f"sip:{message.user}@{self._via}", body=body)

    @property
    def _sdp(self) -> str:
        return sip.sdp(self._voices.address, self._voices.port)

    def _send(self, data: bytes) -> None:
        self._socket.sendto(data, self._server)
