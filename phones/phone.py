"""A trial telephone: one UDP socket, a registration, and the calls that come and go."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from sipmessage import URI, Address, Parameters

from phones.call import FACT_S, Call, Stage
from phones.dialog import Dialog
from phones.digest import Credentials
from phones.errors import DamagedMessage, NeverCame, RegistrationRefused
from phones.g711 import Codec
from phones.handset import Handset
from phones.history import Oddity, Surprise
from phones.incoming import IncomingCall
from phones.line import Asking, Line
from phones.message import ALLOW, Enclosure, Received, put, token
from phones.outgoing import OutgoingCall
from phones.policy import BY_HAND, Policy
from phones.registration import Registration
from phones.transaction import Timers

EXPIRES_S = 300  # of a registration; it is refreshed at half

_GOODBYE_S = 2.0  # how long a polite close waits for the answers to its last requests
_CALLS_KEPT = 1000  # ended calls are remembered for their late packets and their history


class Phone:
    """One telephone; use it with `async with`, or `open` and `close` it.

    `server` is where it registers and what it dials; `local` is its own address, port 0 for a free one. `policy` says
    what it does when called, and may be changed at any time. `unexpected` collects what a correct other side would
    not have done: a test asserts that it is empty.
    """

    def __init__(
        self,
        server: tuple[str, int],
        user: str,
        secret: str = "",
        *,
        name: str = "",
        local: tuple[str, int] = ("127.0.0.1", 0),
        expires: int = EXPIRES_S,
        policy: Policy = BY_HAND,
        codecs: tuple[Codec, ...] = (Codec.PCMA, Codec.PCMU),
        first_sequence: int | None = None,
        timers: Timers = Timers(),  # noqa: B008 - frozen
    ) -> None:
        self.server = server
        self.user = user
        self.name = name
        self.policy = policy
        self.first_sequence = first_sequence
        self.calls: list[Call] = []
        self._credentials = Credentials(user, secret)
        self._local = local
        self._expires = expires
        self._codecs = codecs
        self._timers = timers
        self._surprises: list[Surprise] = []
        self._incoming: asyncio.Queue[IncomingCall] = asyncio.Queue()
        self._by_dialog: dict[tuple[str, str], Call] = {}
        self._registration: Registration | None = None
        self._line: Line | None = None

    # Being there.

    async def open(self) -> None:
        """Take the socket. Raises `OSError` when the address is taken."""
        self._loop = asyncio.get_running_loop()
        self._line = Line(self._local, self._timers, self._take, self._take_late_ack, self._surprise)
        host, port = self._line.address
        self._contact = Address(URI("sip", host, self.user, port=port))

    async def close(self) -> None:
        """Leave politely: hang up, unregister, and give the ports back."""
        with suppress(RegistrationRefused, NeverCame, TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                for call in self.calls:
                    await call.hang_up()
                for call in self.calls:
                    await call.ended()
                if self.registered:
                    await self.unregister()
        self.vanish()
        if self._line is not None:
            self._line.close()

    def vanish(self) -> None:
        """Die: no BYE, no farewell, no packet any more. The ports stay taken until `close`."""
        if self._registration is not None:
            self._registration.forget()
        for call in self.calls:
            call.vanish()
        if self._line is not None:
            self._line.go_silent()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def address(self) -> tuple[str, int]:
        """Our SIP address."""
        return self._open_line().address

    @property
    def unexpected(self) -> tuple[Surprise, ...]:
        """Protocol surprises so far."""
        return tuple(self._surprises)

    @property
    def garbage(self) -> int:
        """How many datagrams were not SIP."""
        return self._open_line().garbage

    @property
    def resent(self) -> int:
        """How many of our messages had to be sent again: 0 on loopback with a lively peer."""
        return self._open_line().resent

    # Registration.

    @property
    def registered(self) -> bool:
        """Whether the server has accepted our last REGISTER, as far as we know."""
        return self._registration is not None and self._registration.valid

    async def register(self) -> int:
        """Register, keep it fresh, and return how many seconds were granted. Raises `RegistrationRefused`."""
        if self._registration is None:
            dialog = self._new_dialog(self.user, self.name, URI("sip", self.server[0], port=self.server[1]))
            self._registration = Registration(self._handset(), dialog, self._expires)
        return await self._registration.begin()

    async def unregister(self) -> None:
        """Take the registration back. Raises `RegistrationRefused`."""
        if self._registration is not None:
            await self._registration.end()

    # Calls.

    async def dial(
        self,
        number: str,
        *,
        caller: str | None = None,
        caller_name: str | None = None,
        headers: Mapping[str, str] | None = None,
        enclosures: tuple[Enclosure, ...] = (),
        speak_early: bool = False,
        tone: int | None = None,
    ) -> OutgoingCall:
        """Dial a number at the server, or a whole `sip:` URI, and return when the INVITE is sent.

        `caller` and `caller_name` stand in From (our user and name when None); `headers` replace or add headers of the
        INVITE; `enclosures` go into its body beside the session description; `speak_early` speaks after a 183; `tone`
        is said as soon as there is somebody to hear it. Raises `ValueError` for a number that is no SIP user.
        """
        target = URI.parse(number) if number.startswith("sip:") else self._uri(number)
        shown = self.name if caller_name is None else caller_name
        dialog = self._new_dialog(self.user if caller is None else caller, shown, target)
        call = OutgoingCall(self._handset(), dialog, headers or {}, enclosures, speak_early)
        if tone is not None:
            call.play_tone(tone)
        self._remember(call)
        return call

    async def incoming(self, within: float = FACT_S) -> IncomingCall:
        """Return the next call that came, whatever the policy does with it. Raises `NeverCame`."""
        try:
            async with asyncio.timeout(within):
                return await self._incoming.get()
        except TimeoutError:
            raise NeverCame(f"{self.user} was not called within {within:g} s") from None

    # Inside.

    def _uri(self, user: str) -> URI:
        return URI("sip", self.server[0], user, port=self.server[1])

    def _new_dialog(self, user: str, name: str, target: URI) -> Dialog:
        local = Address(URI("sip", self.server[0], user), name, Parameters(tag=token()))
        return Dialog(f"{token()}@{self.address[0]}", local, Address(target), target, self._contact, self.server)

    def _handset(self) -> Handset:
        return Handset(
            self._open_line(),
            self._contact,
            self._credentials,
            self._codecs,
            self.first_sequence,
            self._timers,
            self._surprise,
        )

    def _open_line(self) -> Line:
        if self._line is None:
            raise RuntimeError("the telephone is not open")
        return self._line

    def _surprise(self, what: Oddity, detail: str) -> None:
        self._surprises.append(Surprise(self._loop.time(), what, detail))

    def _remember(self, call: Call) -> None:
        self.calls.append(call)
        self._by_dialog[call.dialog.call_id, call.dialog.local_tag] = call
        if len(self.calls) > _CALLS_KEPT and self.calls[0].stage is Stage.ENDED:
            old = self.calls.pop(0)
            del self._by_dialog[old.dialog.call_id, old.dialog.local_tag]

    def _take(self, asking: Asking) -> None:
        """Answer a new request."""
        envelope, method = asking.envelope, asking.request.method
        if method == "CANCEL":
            self._take_cancel(asking)
        elif envelope.to_tag:
            call = self._by_dialog.get((envelope.call_id, envelope.to_tag))
            if call is not None and call.dialog.belongs(envelope):
                call.take(asking)
            else:
                self._surprise(Oddity.STRAY_REQUEST, f"{method} for an unknown call")
                asking.respond(481)
        elif method == "INVITE":
            self._take_invite(asking)
        elif method in ("OPTIONS", "NOTIFY", "MESSAGE", "INFO"):
            response = asking.response_of(200)
            put(response, "Allow", ALLOW)
            asking.respond(response)
        else:
            self._surprise(Oddity.UNKNOWN_METHOD, method)
            asking.respond(405)

    def _take_invite(self, asking: Asking) -> None:
        required = set(asking.request.require) - {"timer"}
        if required:
            response = asking.response_of(420)
            put(response, "Unsupported", ", ".join(sorted(required)))
            asking.respond(response)
            return
        try:
            call = IncomingCall(self._handset(), asking)
        except DamagedMessage as fault:
            self._surprise(Oddity.BAD_OFFER, str(fault))
            asking.respond(400)
            return
        except OSError as fault:  # no port is free for its sound
            self._surprise(Oddity.BAD_OFFER, f"a call could not be taken: {fault}")
            asking.respond(503)
            return
        self._remember(call)
        self._incoming.put_nowait(call)
        call.behave(self.policy)

    def _take_cancel(self, asking: Asking) -> None:
        invite = self._open_line().invite_of(asking.envelope)
        call = None if invite is None else self._by_dialog.get((invite.envelope.call_id, invite.tag))
        if not isinstance(call, IncomingCall):
            self._surprise(Oddity.STRAY_REQUEST, "CANCEL of an unknown call")
            asking.respond(481)
            return
        asking.tag = call.dialog.local_tag
        asking.respond(200)
        call.cancelled()

    def _take_late_ack(self, received: Received) -> None:
        envelope = received.envelope
        if (envelope.call_id, envelope.to_tag) not in self._by_dialog:
            self._surprise(Oddity.STRAY_REQUEST, "ACK of an unknown call")
