"""What Asterisk tells of attempts, in the core's words. No clock, no socket: one news in, at most a few events out.

What became of a call that nobody accepted is told in two halves, in any order (`telephony.department.came_to`): only
both together are the outcome. Where there was no way to dial the second half never comes; whoever has a clock says when
it was waited for long enough. A call that was accepted has hung up, whatever Asterisk calls it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dispatch import event
from dispatch.outcome import Outcome
from telephony.department import PATH, came_to, takes_back
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
    """Translates, and remembers the halves of what is told in two, of attempts whose end is not known."""

    def __init__(self) -> None:
        self._attempts: dict[str, _Heard] = {}

    def __len__(self) -> int:
        return len(self._attempts)

    def dials(self, attempt: str, fence: int) -> None:
        """We are about to dial this."""
        self._attempts[attempt] = _Heard(fence)

    def adopts(self, attempt: str, fence: int) -> None:
        """Another life has dialled this, or was about to; of its end we may hear both halves."""
        self._attempts[attempt] = _Heard(fence, dialled=True)

    def forget(self, attempt: str) -> None:
        """It is over for whoever asked for it."""
        self._attempts.pop(attempt, None)

    def awaits(self, attempt: str) -> bool:
        """Whether we have dialled it and Asterisk has told nothing of it yet: its channel may still come."""
        heard = self._attempts.get(attempt)
        return heard is not None and not heard.dialled and heard.originated is None and heard.cause is None

    def doubts(self, attempt: str) -> bool:
        """Whether it failed without a channel, as far as was told: what happened to its channel may be told later."""
        heard = self._attempts.get(attempt)
        if heard is None or heard.dialled or heard.accepted:
            return False
        return heard.originated is not None

    def concludes(self, attempt: str) -> Iterator[event.Report]:
        """Nothing was told of a channel in all the time that there was: there was no way to dial."""
        heard = self._attempts.get(attempt)
        if heard is not None and heard.originated is not None and self.doubts(attempt):
            yield from self._ends(attempt, heard, outcome(heard.originated, 0))

    def hear(self, news: told.Event) -> Iterator[event.Report]:
        """What one happening means."""
        if isinstance(news, told.Originated):
            known = self._attempts.get(news.channel_id)
            if known is not None:
                known.originated = news.outcome
                known.accepted = known.accepted or news.outcome is DialOutcome.ACCEPTED
                yield from self._over(news.channel_id, known)
            return
        channel: Channel | None = getattr(news, "channel", None)
        if channel is None or channel.path != PATH:
            return
        # Late news of one that is over are told as well: a key that is pressed on it may still count.
        id, heard = channel.id, self._attempts.get(channel.id) or _Heard(channel.fence)
        fence = channel.fence or heard.fence
        heard.dialled = True
        match news:
            case told.Dialled():
                yield event.Dialled(id, fence)
            case told.Ringing():
                yield event.Rings(id, fence)
            case told.Ended():
                heard.cause = news.cause
                heard.accepted = heard.accepted or channel.state is ChannelState.UP
                yield from self._over(id, heard)
            case told.Accepted() | told.DepartmentStep() | told.DepartmentKey():
                heard.accepted = True
                yield from _went_on(id, fence, news)
            case told.Pressed() if takes_back(news):
                yield event.Key(id, fence, news.key)
            case _:
                pass

    def _over(self, attempt: str, heard: _Heard) -> Iterator[event.Report]:
        """The end of an attempt, if all of it was told."""
        if heard.cause is None:
            return
        if heard.accepted:
            yield from self._ends(attempt, heard, Outcome.HUNG_UP)
        elif heard.originated is not None:
            yield from self._ends(attempt, heard, outcome(heard.originated, heard.cause))

    def _ends(self, attempt: str, heard: _Heard, came: Outcome) -> Iterator[event.Report]:
        self.forget(attempt)
        yield event.Ended(attempt, heard.fence, came)


def _went_on(
    attempt: str, fence: int, news: told.Accepted | told.DepartmentStep | told.DepartmentKey
) -> Iterator[event.Report]:
    """What a step means of a call that was accepted."""
    match news:
        case told.DepartmentKey(key=key):
            yield event.Key(attempt, fence, key)
        case told.Accepted() | told.DepartmentStep(step=Step.SPEAKING):
            yield event.Accepted(attempt, fence)
        case told.DepartmentStep(step=Step.LISTENING):
            yield event.PromptOver(attempt, fence)
        case told.DepartmentStep(step=Step.NO_KEY):
            yield event.NoKey(attempt, fence)
        case _:
            pass
