"""The SIP line of a telephone at its edge: one UDP socket and the transactions on it.

It retransmits, absorbs retransmissions, acknowledges refusals, and hands up each new request and response once. What
is not SIP is counted and dropped; nothing that a network can send raises here.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sipmessage import Request, Response

from phones.errors import DamagedMessage
from phones.history import Oddity
from phones.media import udp_socket
from phones.message import MAX_DATAGRAM, Envelope, Received, ack_of_refusal, read, response_to, token
from phones.transaction import Input, Output, State, Timers, Transaction

_DRAIN = 64  # datagrams read at one go

Address = tuple[str, int]
Answer = Callable[[Response | None], None]


@dataclass(eq=False)
class Asked:
    """A request of ours that waits for its responses; None is handed to `answer` when none came."""

    request: Request
    to: Address
    transaction: Transaction
    answer: Answer


@dataclass(eq=False)
class Asking:
    """A request of the other side.

    `respond` may be called until a final response is sent. `acknowledged` is called with the ACK of a final response
    to an INVITE, or with None when it never came.
    """

    line: "Line"
    request: Request
    envelope: Envelope
    source: Address
    tag: str
    transaction: Transaction
    acknowledged: Callable[[Request | None], None] | None = None
    response: Response | None = None

    @property
    def answered(self) -> bool:
        """Whether a final response is sent."""
        return self.transaction.state not in (State.TRYING, State.PROCEEDING)

    def response_of(self, status: int) -> Response:
        """Return a response to be completed and given to `respond`."""
        return response_to(self.request, status, self.tag, self.source)

    def respond(self, response: Response | int) -> None:
        """Send a response; a status alone means one without a body. After a final one it does nothing."""
        message = self.response_of(response) if isinstance(response, int) else response
        if not self.answered:
            self.response = message
            self.line.step_server(self, _kind(message.code))


class Line:
    """One UDP socket that speaks SIP."""

    def __init__(
        self,
        local: Address,
        timers: Timers,
        take: Callable[[Asking], None],
        late_ack: Callable[[Received], None],
        surprise: Callable[[Oddity, str], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = udp_socket(local)
        self._loop.add_reader(self._socket, self._read)
        self._timers = timers
        self._take = take
        self._late_ack = late_ack
        self._surprise = surprise
        self._asked: dict[tuple[str, str], Asked] = {}
        self._asking: dict[tuple[str, str], Asking] = {}
        self._alarms: dict[Transaction, asyncio.TimerHandle] = {}
        self._silent = False
        self.address: Address = self._socket.getsockname()
        self.garbage = 0
        self.repeated = 0  # requests that came again
        self.resent = 0  # messages of ours that were sent again

    def ask(self, request: Request, to: Address, answer: Answer) -> Asked:
        """Send a request in a transaction of its own."""
        invite = request.method == "INVITE"
        asked = Asked(request, to, Transaction(True, invite, self._timers, self._loop.time()), answer)
        self._asked[_branch_of(request), request.method] = asked
        self.tell(request, to)
        self._set_alarm(asked)
        return asked

    def tell(self, message: Request | Response, to: Address) -> None:
        """Send a message without a transaction: the ACK of a 2xx."""
        if self._silent:
            return
        try:
            self._socket.sendto(bytes(message), to)
        except OSError as fault:  # as good as lost on the way: retransmission is the cure
            self._surprise(Oddity.BAD_RESPONSE, f"the socket refused a packet to {to[0]}:{to[1]}: {fault}")

    def go_silent(self) -> None:
        """Neither read nor send any more; the port stays taken, so that the peer hears nothing at all."""
        if not self._silent:
            self._silent = True
            self._loop.remove_reader(self._socket)
            for alarm in self._alarms.values():
                alarm.cancel()
            self._alarms.clear()
            self._asked.clear()
            self._asking.clear()

    def close(self) -> None:
        """Give the port back."""
        self.go_silent()
        self._socket.close()

    def step_server(self, asking: Asking, what: Input) -> None:
        """Move the transaction of a request of the other side."""
        output = asking.transaction.step(what, self._loop.time())
        if Output.SEND in output and asking.response is not None:
            self.tell(asking.response, asking.source)
            self.resent += what is Input.RESEND
        if Output.GIVE_UP in output:
            self._surprise(Oddity.NO_ACK, f"no ACK from {asking.source[0]}:{asking.source[1]}")
            if asking.acknowledged is not None:
                asking.acknowledged(None)
        self._set_alarm(asking)

    def _step_client(self, asked: Asked, what: Input, response: Response | None) -> None:
        output = asked.transaction.step(what, self._loop.time())
        if Output.SEND in output:
            self.tell(asked.request, asked.to)
            self.resent += 1
        if Output.ACK in output and response is not None:
            self.tell(ack_of_refusal(asked.request, response), asked.to)
        self._set_alarm(asked)
        if Output.GIVE_UP in output:
            self._surprise(Oddity.NO_ANSWER_TO_REQUEST, f"{asked.request.method} to {asked.to[0]}:{asked.to[1]}")
            asked.answer(None)
        elif Output.DELIVER in output:
            asked.answer(response)

    def _set_alarm(self, one: Asked | Asking) -> None:
        alarm = self._alarms.pop(one.transaction, None)
        if alarm is not None:
            alarm.cancel()
        if one.transaction.state is State.TERMINATED:
            table: dict[tuple[str, str], Asked] | dict[tuple[str, str], Asking]
            table = self._asked if isinstance(one, Asked) else self._asking
            table.pop((_branch_of(one.request), one.request.method), None)
        elif one.transaction.next_at is not None and not self._silent:
            self._alarms[one.transaction] = self._loop.call_at(one.transaction.next_at, self._ring, one)

    def _ring(self, one: Asked | Asking) -> None:
        what = one.transaction.due(self._loop.time())
        if what is None:
            self._set_alarm(one)
        elif isinstance(one, Asked):
            self._step_client(one, what, None)
        else:
            self.step_server(one, what)

    def _read(self) -> None:
        for _ in range(_DRAIN):
            try:
                data, source = self._socket.recvfrom(MAX_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error of an earlier packet
                continue
            if not data.strip(b"\r\n\0 "):  # a keep-alive
                continue
            try:
                received = read(data)
            except DamagedMessage:
                self.garbage += 1
                continue
            if isinstance(received.message, Response):
                self._hear_response(received.message, received.envelope)
            else:
                self._hear_request(received, received.message, source)
            if self._silent:
                return

    def _hear_response(self, response: Response, envelope: Envelope) -> None:
        asked = self._asked.get((envelope.branch, envelope.cseq.method))
        if asked is None:
            self._surprise(Oddity.STRAY_RESPONSE, f"{response.code} to {envelope.cseq.method}")
        else:
            self._step_client(asked, _kind(response.code), response)

    def _hear_request(self, received: Received, request: Request, source: Address) -> None:
        envelope = received.envelope
        if request.method == "ACK":
            self._hear_ack(received, request)
            return
        known = self._asking.get((envelope.branch, request.method))
        if known is not None:
            self.repeated += 1
            self.step_server(known, Input.REQUEST)
            return
        transaction = Transaction(False, request.method == "INVITE", self._timers, self._loop.time())
        asking = Asking(self, request, envelope, source, token(), transaction)
        self._asking[envelope.branch, request.method] = asking
        self._take(asking)

    def _hear_ack(self, received: Received, ack: Request) -> None:
        envelope = received.envelope
        for asking in self._asking.values():
            theirs = asking.envelope
            if (
                asking.request.method == "INVITE"
                and asking.transaction.state in (State.ACCEPTED, State.COMPLETED, State.CONFIRMED)
                and theirs.call_id == envelope.call_id
                and theirs.cseq.sequence == envelope.cseq.sequence
                and theirs.from_tag == envelope.from_tag
            ):
                if asking.transaction.state is not State.CONFIRMED:
                    self.step_server(asking, Input.ACK)
                    if asking.acknowledged is not None:
                        asking.acknowledged(ack)
                return
        self._late_ack(received)

    def invite_of(self, cancel: Envelope) -> Asking | None:
        """Return the INVITE that a CANCEL is for (RFC 3261 section 9.2)."""
        return self._asking.get((cancel.branch, "INVITE"))


def _kind(status: int) -> Input:
    if status < 200:
        return Input.PROVISIONAL
    return Input.SUCCESS if status < 300 else Input.FAILURE


def _branch_of(request: Request) -> str:
    return request.via[0].parameters.get("branch") or ""
