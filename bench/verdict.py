"""Was anything lost or done twice? What the journal says about orders, against what their telephones saw.

A call at a telephone belongs to the newest attempt on its number that was decided before: a line has one at a time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bench.duty import Rung

PRESSED_NS = 300_000_000
"""A key is held for 100 ms, and counts when it is let go. Whose line was hung up sooner has not pressed it for anybody,
and was not thanked."""


@dataclass(frozen=True)
class Attempt:
    """One that was decided."""

    id: str
    order: str
    number: str
    repeats: bool
    decided: int
    """ns since the epoch."""


@dataclass
class Verdict:
    """Each list names what is wrong, in words; all must be empty."""

    lost: list[str] = field(default_factory=list)
    """Orders that nobody acknowledged and no dispatcher was told of; keys 1 of orders that are not acknowledged, unless
    the line was hung up in that moment."""
    unlabelled: list[str] = field(default_factory=list)
    """Calls that did not say that they repeat, at a telephone that had been picked up for the same order before."""
    double: list[str] = field(default_factory=list)
    """Orders that were acknowledged more than once, or issued without being promised: sent again and done twice."""
    blind: list[str] = field(default_factory=list)
    """Calls that no attempt explains, and attempts that called twice."""
    orders: int = 0
    acknowledged: int = 0
    told: int = 0
    attempts: int = 0
    calls: int = 0
    repeats: int = 0
    """Calls picked up by somebody who had picked up before for that order."""
    cut: int = 0
    """Keys 1 that went down as the line was being hung up, of orders that are not acknowledged."""
    labelled: int = 0
    """Calls that said that they repeat; more than `repeats`, where nobody could know whether it had been heard."""

    @property
    def counts(self) -> dict[str, int]:
        """For the JSON line."""
        wrong = {name: len(getattr(self, name)) for name in ("lost", "unlabelled", "double", "blind")}
        of = ("orders", "acknowledged", "told", "attempts", "calls", "repeats", "labelled", "cut")
        return wrong | {name: getattr(self, name) for name in of}

    @property
    def words(self) -> list[str]:
        """All that is wrong."""
        return [*self.lost, *self.unlabelled, *self.double, *self.blind]


def judge(facts: Iterable[dict[str, Any]], rungs: Sequence[Rung], promised: Iterable[str]) -> Verdict:
    """`promised` are the orders that were answered to whoever submitted."""
    of = defaultdict[str, list[dict[str, Any]]](list)
    for fact in facts:
        of[fact["type"]].append(fact)
    verdict = Verdict()
    issued, asked = {_order(fact) for fact in of["OrderIssued"]}, set(promised)
    acknowledged = Counter(map(_order, of["Acknowledged"]))
    told = {_order(fact) for fact in of["DispatcherTold"]}
    attempts = [_attempt(fact) for fact in of["AttemptDecided"]]
    verdict.orders, verdict.acknowledged, verdict.attempts = len(issued), len(acknowledged), len(attempts)
    verdict.told, verdict.calls = len(told - acknowledged.keys()), len(rungs)
    verdict.lost += [f"{order} was promised and not issued" for order in asked - issued]
    verdict.lost += [f"{order}: nobody knows of it" for order in issued - acknowledged.keys() - told]
    verdict.double += [f"{order}: acknowledged {times} times" for order, times in acknowledged.items() if times > 1]
    verdict.double += [f"{order}: issued, and nobody was told so" for order in issued - asked]
    heard: set[tuple[str, str]] = set()
    dialled = Counter[str]()
    for rung, attempt in _matched(rungs, attempts):
        if attempt is None:
            verdict.blind.append(f"call {rung.id} at {rung.number}: no attempt")
            continue
        dialled[attempt.id] += 1
        if rung.key == "1" and attempt.order not in acknowledged:
            up_ns = (rung.stopped or rung.over) - rung.keyed
            if up_ns < PRESSED_NS:
                verdict.cut += 1
            else:
                told_of = f"up for {up_ns / 1e6:.0f} ms after it; decided, accepted, key, end: {_times(attempt, rung)}"
                verdict.lost.append(f"{attempt.id}: key 1 at {rung.number}, not acknowledged; {told_of}")
        if rung.accepted:
            verdict.labelled += attempt.repeats
            if (attempt.order, rung.number) in heard:
                verdict.repeats += 1
                if not attempt.repeats:
                    verdict.unlabelled.append(f"{attempt.id}: {rung.number} had heard it before")
            heard.add((attempt.order, rung.number))
    verdict.blind += [f"{attempt} called {times} times" for attempt, times in dialled.items() if times > 1]
    return verdict


def _matched(rungs: Sequence[Rung], attempts: Sequence[Attempt]) -> Iterable[tuple[Rung, Attempt | None]]:
    on = defaultdict[str, list[Attempt]](list)
    for attempt in sorted(attempts, key=lambda each: each.decided):
        on[attempt.number].append(attempt)
    for rung in sorted(rungs, key=lambda each: each.invited):
        of_number = on[rung.number]
        place = bisect_right(of_number, rung.invited, key=lambda each: each.decided)
        yield rung, of_number[place - 1] if place else None


def _attempt(fact: dict[str, Any]) -> Attempt:
    return Attempt(
        fact["subjects"]["attempt"],
        _order(fact),
        fact["personal"]["line"],
        fact["body"]["repeats"],
        round(datetime.fromisoformat(fact["time"]).timestamp() * 1e9),
    )


def _times(attempt: Attempt, rung: Rung) -> str:
    moments = (attempt.decided, rung.accepted, rung.keyed, rung.over)
    return ", ".join(datetime.fromtimestamp(ns / 1e9, UTC).strftime("%T.%f")[:-3] for ns in moments)


def _order(fact: dict[str, Any]) -> str:
    return str(fact["subjects"]["order"])
