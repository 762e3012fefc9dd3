"""A call that this telephone makes."""

from collections.abc import Mapping
from dataclasses import replace

from sipmessage import Request, Response

from phones.call import FACT_S, SDP, Call, Stage
from phones.dialog import Dialog
from phones.errors import DamagedMessage, WrongMoment
from phones.handset import Handset
from phones.history import Ending, Oddity, Outcome, Side, What
from phones.message import Enclosure, cancel_of, finish, part_of, put
from phones.moment import Moment
from phones.sdp import Description


class OutgoingCall(Call):
    """A call that we dialled: its INVITE is sent when it is made."""

    _glare_share = (0.525, 1.0)

    def __init__(
        self,
        handset: Handset,
        dialog: Dialog,
        headers: Mapping[str, str],
        enclosures: tuple[Enclosure, ...],
        speaks_early: bool,
    ) -> None:
        super().__init__(handset, dialog)
        self._headers = dict(headers)
        self._enclosures = enclosures
        self._speaks_early = speaks_early
        self._trying = Moment("any response")
        self._moments.append(self._trying)
        self._cancel_wanted = False
        self._cancel_sent = False
        self._challenged = False
        self._number = str(dialog.target)
        self._invite = self._send_invite(None)
        self._note(What.DIALLED, self._number)

    async def trying(self, within: float = FACT_S) -> float:
        """Wait for the first response of any kind; return the time."""
        return await self._trying.wait(within)

    async def cancel(self) -> None:
        """Give up before the answer.

        The CANCEL is sent with the first response when none has come yet (RFC 3261 section 9.1). A 200 that crosses it
        is acknowledged and hung up; the outcome says `crossed`. Raises `WrongMoment` when the call is answered or over.
        """
        if self.stage is not Stage.CALLING or self._cancel_wanted:
            raise WrongMoment(f"nothing to cancel: {self.stage.name.lower()}")
        self._cancel_wanted = True
        if self._trying:
            self._send_cancel()

    async def hang_up(self) -> None:
        """End the call: CANCEL before the answer, BYE after it, nothing when it is over or on its way there."""
        if self.stage is Stage.CALLING and not self._cancel_wanted:
            await self.cancel()
        else:
            await super().hang_up()

    def _send_invite(self, refusal: Response | None) -> Request:
        invite = self.dialog.request("INVITE")
        for name, value in self._headers.items():
            put(invite, name, value)
        finish(invite, *self._body(self._enclosures))
        if refusal is not None:
            self._handset.authorize(invite, refusal)
        self._invite_to = self.dialog.destination
        self._handset.line.ask(invite, self._invite_to, lambda response: self._take(invite, response))
        return invite

    def _take(self, invite: Request, response: Response | None) -> None:
        if response is None:
            self._end(Outcome(Ending.TIMEOUT, Side.OTHER))
            return
        self._trying.come(self._loop.time())
        try:
            if response.code < 200:
                self._take_provisional(response)
            elif response.code < 300:
                self._take_success(invite, response)
            else:
                self._take_refusal(response)
        except ValueError as fault:
            self._handset.surprise(Oddity.BAD_RESPONSE, f"{response.code}: {fault}")

    def _take_provisional(self, response: Response) -> None:
        if self.stage is not Stage.CALLING:
            return
        if response.code == 100:
            self._note(What.TRYING)
        else:
            if response.to_address.parameters.get("tag"):
                self.dialog.learn(response)
            self._note(What.RINGING, str(response.code))
            body = part_of(response, SDP)
            if body is not None:
                self._hear(body, self._speaks_early)
                self._note(What.EARLY_MEDIA)
            self._ringing.come(self._loop.time())
        if self._cancel_wanted and not self._cancel_sent:
            self._send_cancel()

    def _take_success(self, invite: Request, response: Response) -> None:
        tag = response.to_address.parameters.get("tag") or ""
        if self._answered and tag != self.dialog.remote_tag:
            self._refuse_fork(invite, response)
            return
        again = bool(self._answered) or self.stage in (Stage.LEAVING, Stage.ENDED)
        self.dialog.learn(response)
        self._acknowledge(invite)
        if again:
            return
        self._answered.come(self._loop.time())
        self._acknowledged.come(self._loop.time())
        self._note(What.ANSWERED)
        self._note(What.ACKNOWLEDGED)
        if self._cancel_wanted:
            self._note(What.ANSWER_CROSSED_CANCEL)
            self._leave(Outcome(Ending.CANCELLED, Side.ME, response.code, crossed=True))
            return
        self.stage = Stage.TALKING
        body = part_of(response, SDP)
        if body is None:
            self._handset.surprise(Oddity.BAD_RESPONSE, "an answer without a session description")
        else:
            self._hear(body, speaks=True)

    def _take_refusal(self, response: Response) -> None:
        if self.stage is Stage.ENDED:
            return
        if response.code in (401, 407) and not self._challenged and not self._cancel_wanted:
            self._challenged = True
            self._note(What.CHALLENGED, str(response.code))
            self._invite = self._send_invite(response)
            return
        reason = response.headers.get("Reason") or response.phrase
        if self._cancel_wanted:
            self._end(Outcome(Ending.CANCELLED, Side.ME, response.code, reason))
        else:
            self._note(What.REJECTED, f"{response.code} {response.phrase}")
            self._end(Outcome(Ending.REJECTED, Side.OTHER, response.code, reason))

    def _refuse_fork(self, invite: Request, response: Response) -> None:
        """Hang up a second answer of another device: RFC 3261 section 13.2.2.4."""
        kept = self.dialog
        self.dialog = replace(kept)
        self.dialog.learn(response)
        self._acknowledge(invite)
        bye = self.dialog.request("BYE")
        finish(bye)
        self._handset.line.ask(bye, self.dialog.destination, lambda _: None)
        self.dialog = kept
        self._handset.surprise(Oddity.BAD_RESPONSE, "a second answer of another device")

    def _hear(self, body: bytes, speaks: bool) -> None:
        try:
            other = Description.parse(body)
        except DamagedMessage as fault:
            self._handset.surprise(Oddity.BAD_OFFER, str(fault))
            return
        if speaks:
            self._follow(other, self._own)
        else:
            self._media.agree(other, speaks=False)

    def _send_cancel(self) -> None:
        self._cancel_sent = True
        self._note(What.CANCEL_SENT)
        cancel = cancel_of(self._invite)

        def take(response: Response | None) -> None:
            # A CANCEL that is answered must be followed by the INVITE's own end; the limit is RFC 3261's, section 9.1.
            if response is not None and response.code >= 200:
                self._loop.call_later(self._handset.timers.give_up, self._end_unanswered)
            elif response is None:
                self._end_unanswered()

        self._handset.line.ask(cancel, self._invite_to, take)  # where the INVITE went

    def _end_unanswered(self) -> None:
        if self.stage is Stage.CALLING:
            self._handset.surprise(Oddity.NO_ANSWER_TO_REQUEST, "an INVITE was not ended by its CANCEL")
            self._end(Outcome(Ending.TIMEOUT, Side.OTHER))
