"""What Asterisk tells of attempts, in the core's words. No clock, no socket: one news in, at most a few events out.

What became of a call that nobody accepted is told in two halves, in any order (`telephony.department.came_to`): only
both together are the outcome. A call that was accepted has hung up, whatever Asterisk calls it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dispatch import event
from dispatch.outcome import Outcome
from telephony.department import PATH, came_to
from telephony.manager import event as told
from telephony.manager.channel import Channel, ChannelState
from telephony.manager.event import DialOutcome, Step

_OUTCOMES = {
    DialOutcome.ACCEPTED: Outcome.HUNG_UP,
    DialOutcome.BUSY: Outcome.BUSY,
    DialOutcome.NO_ANSWER: Outcome.NO_ANSWER,
    DialOutcome.CANCELLED: Outcome.NO_ANSWER,  # it was us who took it away
    DialOutcome.REJECTED: Outcome.REJECTED,
    DialOutcome.FAILED: Outcome.FAILED,
}


def outcome(originated: DialOutcome, cause: int) -> Outcome:
    """What a call that was never accepted came to; `cause` is that of Q.850, 0: there was no channel."""
    return _OUTCOMES.get(came_to(originated, cause), Outcome.UNKNOWN)


@dataclass(slots=True)
class _Heard:
    """What was told of one attempt."""

    fence: int
    dialled: bool = False
    accepted: bool = False
    originated: DialOutcome | None = None
    cause: int | None = None
    """Of its end; None: it is not over."""


class Hearing:
    """Translates, and remembers the halves of what is told in two."""

    def __init__(self) -> None:
        self._attempts: dict[str, _Heard] = {}

    def dials(self, attempt: str, fence: int) -> None:
        """We are about to dial this."""
        self._attempts[attempt] = _Heard(fence)

    def forget(self, attempt: str) -> None:
        """It is over for whoever asked for it."""
        self._attempts.pop(attempt, None)

    def hear(self, news: told.Event) -> Iterator[event.Report]:
        """What one happening means."""
        if isinstance(news, told.Originated):
            heard = self._attempts.get(news.channel_id)
            if heard is not None:
                heard.originated = news.outcome
                yield from self._over(news.channel_id, heard)
            return
        channel: Channel | None = getattr(news, "channel", None)
        if channel is None or channel.path != PATH:
            return
        id, heard = channel.id, self._of(channel)
        match news:
            case told.Dialled():
                heard.dialled = True
                yield event.Dialled(id, heard.fence)
            case told.Ringing():
                yield event.Rings(id, heard.fence)
            case told.Accepted() | told.DepartmentStep(step=Step.SPEAKING) if not heard.accepted:
                heard.accepted = True
                yield event.Accepted(id, heard.fence)
            case told.DepartmentStep(step=Step.LISTENING):
                yield event.PromptOver(id, heard.fence)
            case told.DepartmentStep(step=Step.NO_KEY):
                yield event.NoKey(id, heard.fence)
            case told.DepartmentKey():
                yield event.Key(id, heard.fence, news.key)
            case told.Ended():
                heard.cause = news.cause
                heard.accepted = heard.accepted or channel.state is ChannelState.UP
                yield from self._over(id, heard)
            case _:
                pass

    def _over(self, attempt: str, heard: _Heard) -> Iterator[event.Report]:
        """The end of an attempt, if all of it was told."""
        if heard.cause is not None and heard.accepted:
            came = Outcome.HUNG_UP
        elif heard.originated in (None, DialOutcome.ACCEPTED) or (heard.dialled and heard.cause is None):
            return
        else:
            assert heard.originated is not None
            came = outcome(heard.originated, heard.cause or 0)
        self.forget(attempt)
        yield event.Ended(attempt, heard.fence, came)

    def _of(self, channel: Channel) -> _Heard:
        """What is known of it; one that another life dialled has its fence with it."""
        heard = self._attempts.get(channel.id)
        if heard is None:
            up = channel.state is ChannelState.UP
            heard = self._attempts[channel.id] = _Heard(channel.fence, dialled=True, accepted=up)
        return heard
