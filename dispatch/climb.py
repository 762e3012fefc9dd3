"""What a ladder says next. Pure: from what was tried to what is dialled, or when to look again, or that it is over.

Rules:

- *In turn*: one line at a time. Of the lines that have tries left the one that is ready first comes next; among those
  that are ready, the one that was tried least, and then the first. So a busy first line is followed by the second at
  once, and rung again while its pause lets it.
- *Together* (an any-one ladder, and every ladder whose deadline has passed): every line that is ready, at once.
- A line where a person pressed 9 is out for this round: who can't take it isn't asked again.
- An attempt of which nothing is known costs no try, up to `UNKNOWN_MOST` of them a line: it is made again at once, and
  says that it repeats. Beyond that it counts like any other, so that no fault rings a telephone for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from dispatch.attempt import Attempt
from dispatch.ladder import Ladder, Ring
from dispatch.outcome import Outcome

UNKNOWN_MOST = 3
"""Crashes or broken links that one line is forgiven in a round."""
_FREE = frozenset({Outcome.STOPPED, Outcome.UNKNOWN})
"""What costs no try."""


@dataclass(frozen=True, slots=True)
class Next:
    """What the ladder says."""

    dial: tuple[int, ...] = ()
    """Lines to be dialled now, from 0."""
    look_at: float | None = None
    """When a pause is over and it is to be asked again, steady seconds."""
    over: bool = False
    """Whether nothing is left to be tried, and nothing is under way."""


def climb(ladder: Ladder, tried: Iterable[Attempt], waits: Collection[int], now: float, together: bool) -> Next:
    """What is to be done next; `tried` are this round's attempts, `waits` the lines that are waited for already."""
    done: dict[int, list[Attempt]] = {rung: [] for rung in range(len(ladder.lines))}
    for attempt in tried:
        done[attempt.rung].append(attempt)
    busy = {rung for rung, attempts in done.items() if any(each.running for each in attempts)} | set(waits)
    together = together or ladder.ring is Ring.ANY_ONE
    if busy and not together:
        return Next()
    ready = {
        rung: (_ready_at(ladder, rung, attempts), _cost(attempts))
        for rung, attempts in done.items()
        if rung not in busy and _has_tries(ladder, rung, attempts)
    }
    if not ready:
        return Next(over=not busy)
    now_ready = [rung for rung, (at, _) in ready.items() if at <= now]
    if together:
        later = [at for at, _ in ready.values() if at > now]
        return Next(tuple(now_ready), min(later, default=None))
    if now_ready:
        return Next((min(now_ready, key=lambda rung: (ready[rung][1], rung)),))
    return Next(look_at=min(at for at, _ in ready.values()))


def _has_tries(ladder: Ladder, rung: int, attempts: list[Attempt]) -> bool:
    if any(each.verdict is Outcome.DECLINED for each in attempts):
        return False
    return _cost(attempts) < ladder.lines[rung].tries


def _cost(attempts: list[Attempt]) -> int:
    """How many tries were used up."""
    unknown = sum(each.verdict is Outcome.UNKNOWN for each in attempts)
    return sum(each.verdict not in _FREE for each in attempts) + max(0, unknown - UNKNOWN_MOST)


def _ready_at(ladder: Ladder, rung: int, attempts: list[Attempt]) -> float:
    """When a line may be dialled again: its pause counts from the last try's end."""
    if not attempts or attempts[-1].verdict in _FREE:
        return float("-inf")
    return attempts[-1].verdict_at + ladder.lines[rung].wait_s
