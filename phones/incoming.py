"""A call that comes to this telephone."""

from collections.abc import Callable

from sipmessage import Request, Response

from phones.call import SDP, Call, Stage
from phones.dialog import called
from phones.errors import DamagedMessage, WrongMoment
from phones.handset import Handset
from phones.history import Ending, Outcome, Side, What
from phones.line import Asking
from phones.message import finish, part_of
from phones.policy import Policy
from phones.sdp import Description


class IncomingCall(Call):
    """A call that we may ring, answer, reject or leave alone.

    `invite` is the request itself: its headers can be read. Raises `DamagedMessage` when it is made from an INVITE
    whose addresses or description cannot be understood.
    """

    def __init__(self, handset: Handset, asking: Asking) -> None:
        body = part_of(asking.request, SDP)
        try:
            dialog = called(asking.request, asking.envelope, asking.tag, handset.contact, asking.source)
            self._offer = None if body is None else Description.parse(body)
        except ValueError as fault:
            raise DamagedMessage(str(fault)) from fault
        super().__init__(handset, dialog)
        self._asking = asking
        self._agreed: Description | None = None
        asking.acknowledged = self._take_ack
        self._note(What.CALLED, f"{self.caller} for {self.number}")

    @property
    def invite(self) -> Request:
        """The INVITE as it came."""
        return self._asking.request

    @property
    def number(self) -> str:
        """The number that was called."""
        return self.invite.uri.user or ""

    @property
    def caller(self) -> str:
        """The caller's number, from From."""
        return self._asking.envelope.sender.uri.user or ""

    @property
    def caller_name(self) -> str:
        """The caller's display name, empty when there is none."""
        return self._asking.envelope.sender.name

    def body_of(self, content_type: str) -> bytes | None:
        """Return the part of the INVITE's body that has this type, or None."""
        return part_of(self.invite, content_type)

    async def ring(self, early_media: bool = False) -> None:
        """Send 180; or 183 with a description, and speak to the caller before the answer."""
        self._must_wait()
        self._send_ringing(183 if early_media else 180)

    async def answer(self) -> None:
        """Send 200 and speak. Raises `WrongMoment` when the caller is gone; 488 is sent when no codec is common."""
        self._must_wait()
        self._send_answer()

    async def reject(self, status: int = 486) -> None:
        """Refuse the call. Raises `ValueError` for a status that is no refusal."""
        self._must_wait()
        if not 300 <= status <= 699:
            raise ValueError(f"{status} is no refusal")
        self._send_refusal(status)

    async def hang_up(self) -> None:
        """End the call: 480 before the answer, BYE after it, nothing when it is over."""
        if self.stage is Stage.CALLING:
            await self.reject(480)
        else:
            await super().hang_up()

    def behave(self, policy: Policy) -> None:
        """Do what the policy says, as long as the caller waits."""
        if policy.tries:
            self._asking.respond(100)
        if policy.rings:
            self._send_ringing(180)
        if policy.answers_after is not None:
            self._loop.call_later(policy.answers_after, self._if_waiting, self._send_answer)
        if policy.rejects_after is not None:
            self._loop.call_later(policy.rejects_after, self._if_waiting, lambda: self._send_refusal(policy.status))

    def cancelled(self) -> None:
        """Take the caller's CANCEL; after our answer it changes nothing."""
        self._note(What.CANCEL_CAME)
        if self.stage is Stage.CALLING:
            self._refuse(487, Outcome(Ending.CANCELLED, Side.OTHER, 487))

    def _must_wait(self) -> None:
        if self.stage is not Stage.CALLING:
            raise WrongMoment(f"the caller does not wait: {self.outcome or self.stage.name.lower()}")

    def _if_waiting(self, act: Callable[[], None]) -> None:
        if self.stage is Stage.CALLING:
            act()

    def _send_ringing(self, status: int) -> None:
        response = self._asking.response_of(status)
        response.contact = [self._handset.contact]
        if status == 183 and not self._describe_in(response):
            return
        self._asking.respond(response)
        self._note(What.RINGING, str(status))
        self._ringing.come(self._loop.time())

    def _send_answer(self) -> None:
        response = self._asking.response_of(200)
        self._dress(self.invite, response)
        if not self._describe_in(response):
            return
        self.stage = Stage.TALKING
        self._asking.respond(response)
        self._note(What.ANSWERED)
        self._answered.come(self._loop.time())

    def _send_refusal(self, status: int) -> None:
        self._note(What.REJECTED, str(status))
        self._refuse(status, Outcome(Ending.REJECTED, Side.ME, status))

    def _describe_in(self, response: Response) -> bool:
        """Put our answer, or our offer when the INVITE had none, into a response, and speak.

        False when nothing is common: the call is then refused.
        """
        if self._offer is None:
            finish(response, SDP, bytes(self._own))
            return True
        if self._agreed is None:  # what a 183 has said is said again in the 200
            self._agreed = self._answer_to(self._offer)
        if self._agreed is None:
            self._send_refusal(488)
            return False
        finish(response, SDP, bytes(self._agreed))
        self._follow(self._offer, self._agreed)
        return True

    def _refuse(self, status: int, outcome: Outcome) -> None:
        self._asking.respond(status)
        self._end(outcome)

    def _take_ack(self, ack: Request | None) -> None:
        if self.stage not in (Stage.TALKING, Stage.LEAVING):
            return
        if ack is None:  # RFC 3261 section 13.3.1.4: who never acknowledges is sent a BYE
            if self.stage is Stage.TALKING:
                self._leave(Outcome(Ending.TIMEOUT, Side.OTHER, 200))
            return
        self._note(What.ACKNOWLEDGED)
        self._acknowledged.come(self._loop.time())
        if self._offer is None:
            self._take_late_answer(ack)
