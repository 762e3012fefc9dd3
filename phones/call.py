"""A call at a telephone, in either direction: its moments, its end, and what both sides do inside it."""

import asyncio
import random
from dataclasses import replace
from enum import Enum, auto

from sipmessage import Request, Response

from phones.dialog import Dialog
from phones.errors import DamagedMessage, RequestRefused, WrongMoment
from phones.handset import Handset
from phones.history import Ending, Oddity, Outcome, Side, What
from phones.line import Asking
from phones.message import ALLOW, Enclosure, enclose, finish, part_of, put
from phones.moment import Moment
from phones.sdp import Description, Direction
from phones.voice import Voice

SDP = "application/sdp"

FACT_S = 30.0  # how long a fact is waited for when nobody says: far beyond any that comes, on a busy machine too

_GLARE_TRIES = 5  # two sides that describe at once settle it in two


class Stage(Enum):
    """How far a call is."""

    CALLING = auto()  # no answer yet
    TALKING = auto()
    LEAVING = auto()  # our BYE is on its way
    ENDED = auto()


class Call(Voice):
    """One call; `OutgoingCall` and `IncomingCall` differ in how it begins.

    Acts return when their packet is sent; facts are awaited by themselves and raise `NeverCame` when they cannot come
    any more. `outcome` is None until the end.
    """

    _glare_share = (0.0, 0.5)
    """How long to wait after a collision, in shares of T2: RFC 3261 section 14.1 lets the two sides differ."""

    def __init__(self, handset: Handset, dialog: Dialog) -> None:
        super().__init__(handset.host, handset.first_sequence)
        self.dialog = dialog
        self.stage = Stage.CALLING
        self.outcome: Outcome | None = None
        self._handset = handset
        self._own = Description(handset.host, self._media.port, handset.codecs, session=random.getrandbits(31))
        self._heard_by_other = True
        self._describing = False  # our re-INVITE is on its way
        self._answered = Moment("the answer")
        self._acknowledged = Moment("the ACK")
        self._ringing = Moment("the ringing")
        self._ended = Moment("the end")
        self._moments = [self._ringing, self._answered, self._acknowledged]  # that an end makes impossible

    # Facts.

    async def ringing(self, within: float = FACT_S) -> float:
        """Wait for 180 or 183, sent or received; return the time."""
        return await self._ringing.wait(within)

    async def answered(self, within: float = FACT_S) -> float:
        """Wait for the 200, sent or received; return the time."""
        return await self._answered.wait(within)

    async def acknowledged(self, within: float = FACT_S) -> float:
        """Wait for the ACK of the 200, sent or received; return the time."""
        return await self._acknowledged.wait(within)

    async def ended(self, within: float = FACT_S) -> Outcome:
        """Wait for the end and return how it came."""
        await self._ended.wait(within)
        if self.outcome is None:
            raise AssertionError("a call has ended without an outcome")
        return self.outcome

    # Acts.

    async def hang_up(self) -> None:
        """End the call; nothing happens when it has ended already."""
        if self.stage is Stage.TALKING:
            self._leave(Outcome(Ending.HUNG_UP, Side.ME, 200))

    async def hold(self) -> None:
        """Hold the other side and return when it knows: we send nothing and it should hear music.

        Raises `RequestRefused`, or `WrongMoment` outside a conversation.
        """
        await self._describe(Direction.SENDONLY)
        self._note(What.HELD)

    async def resume(self) -> None:
        """Take the other side back and return when it knows. Raises as `hold` does."""
        await self._describe(Direction.SENDRECV)
        self._note(What.RESUMED)

    def vanish(self) -> None:
        """Let the device die in this call: nothing is sent any more."""
        self._end(Outcome(Ending.VANISHED, Side.ME))

    # What the other side asks for inside the call.

    def take(self, asking: Asking) -> None:
        """Answer a request inside the dialog."""
        request, sequence = asking.request, asking.envelope.cseq.sequence
        asking.tag = self.dialog.local_tag
        if sequence <= self.dialog.remote_sequence:  # out of order (RFC 3261 section 12.2.2)
            asking.respond(500)
            return
        self.dialog.remote_sequence = sequence
        if self.stage in (Stage.LEAVING, Stage.ENDED) and request.method != "BYE":
            # Not 491: an exchange would try again in seconds and keep its half of a call that is over so long.
            asking.respond(481)
            return
        match request.method:
            case "BYE":
                self._take_bye(asking)
            case "INVITE" | "UPDATE":
                self._take_description(asking)
            case "OPTIONS":
                response = asking.response_of(200)
                put(response, "Allow", ALLOW)
                asking.respond(response)
            case "INFO" | "NOTIFY" | "MESSAGE" | "REFER":
                self._note(What.REQUEST_CAME, request.method)
                asking.respond(202 if request.method == "REFER" else 200)
            case _:
                self._handset.surprise(Oddity.UNKNOWN_METHOD, f"{request.method} in a call")
                asking.respond(405)

    def _take_bye(self, asking: Asking) -> None:
        asking.respond(200)
        if self.stage in (Stage.LEAVING, Stage.ENDED):  # both hung up at once
            return
        self._note(What.BYE_CAME)
        self._end(Outcome(Ending.HUNG_UP, Side.OTHER, 200, asking.request.headers.get("Reason") or ""))

    def _take_description(self, asking: Asking) -> None:
        request = asking.request
        if self._describing or (self.stage is Stage.CALLING and request.method == "INVITE"):
            asking.respond(491)
            return
        body = part_of(request, SDP)
        response = asking.response_of(200)
        try:
            self.dialog.retarget(request)
            if body is not None:
                offer = Description.parse(body)
                agreed = self._answer_to(offer)
                if agreed is None:
                    asking.respond(488)
                    return
                finish(response, SDP, bytes(agreed))
                before = self._heard_by_other
                self._follow(offer, agreed)
                self._note_change(before)
            elif request.method == "INVITE":
                self._own = replace(self._own, version=self._own.version + 1)
                finish(response, SDP, bytes(self._own))
                asking.acknowledged = self._take_late_answer
            else:
                self._note(What.REFRESHED)
        except ValueError as fault:
            self._handset.surprise(Oddity.BAD_OFFER, str(fault))
            asking.respond(400)
            return
        self._dress(request, response)
        asking.respond(response)

    def _take_late_answer(self, ack: Request | None) -> None:
        """Take the answer to our offer from an ACK."""
        body = None if ack is None else part_of(ack, SDP)
        if body is None:
            return
        try:
            self._follow(Description.parse(body), self._own)
        except DamagedMessage as fault:
            self._handset.surprise(Oddity.BAD_OFFER, str(fault))

    # Inside.

    def _dress(self, request: Request, response: Response) -> None:
        """Give a 2xx its Contact, and let the asking side refresh the session (RFC 4028 section 9)."""
        response.contact = [self._handset.contact]
        put(response, "Allow", ALLOW)
        expires = request.headers.get("Session-Expires")
        if expires is not None and "timer" in [word.lower() for word in request.supported + request.require]:
            put(response, "Session-Expires", f"{expires.split(';')[0].strip()};refresher=uac")
            put(response, "Require", "timer")

    def _answer_to(self, offer: Description) -> Description | None:
        agreed = self._own.answer(offer)
        if agreed is not None:
            self._own = replace(self._own, version=self._own.version + 1)
            agreed = replace(agreed, version=self._own.version)
        return agreed

    def _follow(self, other: Description, own: Description) -> None:
        """Let the sound go where the other side wants it, in the way that both agreed on."""
        now = other.direction.receives
        common = tuple(codec for codec in other.codecs if codec in own.codecs)
        on_hold = self._own.direction is Direction.SENDONLY
        self._media.agree(replace(other, codecs=common), own.direction.sends and now and not on_hold)
        self._media.ear.pause()
        self._heard_by_other = now

    def _note_change(self, before: bool) -> None:
        if before == self._heard_by_other:
            self._note(What.REFRESHED)
        else:
            self._note(What.RESUMED_BY_OTHER if self._heard_by_other else What.HELD_BY_OTHER)

    async def _describe(self, direction: Direction) -> None:
        """Send a re-INVITE with this direction; a collision (491) is tried again."""
        if self.stage is not Stage.TALKING or self._describing:
            raise WrongMoment("a call is held only while it talks")
        before = self._own.direction
        for _ in range(_GLARE_TRIES):
            self._own = replace(self._own, direction=direction, version=self._own.version + 1)
            response = await self._invite_again()
            if response is None or response.code != 491 or self.stage is not Stage.TALKING:
                break
            low, high = self._glare_share
            await asyncio.sleep(random.uniform(low, high) * self._handset.timers.t2)  # noqa: S311
        body = None if response is None else part_of(response, SDP)
        if response is None or response.code >= 300 or body is None:
            self._own = replace(self._own, direction=before)
            status = None if response is None else response.code
            raise RequestRefused(f"the other side refused {direction.value}: {status}", status)
        self._follow(Description.parse(body), self._own)

    async def _invite_again(self) -> Response | None:
        invite = self.dialog.request("INVITE")
        finish(invite, SDP, bytes(self._own))
        final: asyncio.Future[Response | None] = self._loop.create_future()

        def take(response: Response | None) -> None:
            if response is not None and 200 <= response.code < 300:
                try:
                    self.dialog.retarget(response)
                except ValueError as fault:
                    self._handset.surprise(Oddity.BAD_RESPONSE, f"a damaged Contact: {fault}")
                self._acknowledge(invite)
            if (response is None or response.code >= 200) and not final.done():
                self._describing = False
                final.set_result(response)

        self._describing = True
        self._handset.line.ask(invite, self.dialog.destination, take)
        return await final

    def _acknowledge(self, invite: Request) -> None:
        ack = self.dialog.build("ACK", invite.cseq.sequence)
        for name in ("Authorization", "Proxy-Authorization"):  # as RFC 3261 section 13.2.2.4 wants
            value = invite.headers.get(name)
            if value is not None:
                put(ack, name, value)
        finish(ack)
        self._handset.line.tell(ack, self.dialog.destination)

    def _leave(self, outcome: Outcome) -> None:
        """Send BYE; the call ends when it is answered, or when no answer comes."""
        self.stage = Stage.LEAVING
        self._media.close()
        bye = self.dialog.request("BYE")
        finish(bye)
        self._note(What.BYE_SENT)

        def take(response: Response | None) -> None:
            if response is None or response.code >= 200:
                self._end(outcome)

        self._handset.line.ask(bye, self.dialog.destination, take)

    def _end(self, outcome: Outcome) -> None:
        if self.stage is Stage.ENDED:
            return
        self.stage = Stage.ENDED
        self.outcome = outcome
        self._media.close()
        status = "" if outcome.status is None else f" {outcome.status}"
        self._note(What.ENDED, f"{outcome.ending} by {outcome.by}{status}")
        for moment in self._moments:
            moment.miss(f"the call has ended: {outcome}")
        self._ended.come(self._loop.time())

    def _body(self, enclosures: tuple[Enclosure, ...]) -> tuple[str, bytes]:
        return enclose(bytes(self._own), enclosures)
