"""The engine is killed again and again while departments are called; is anything lost, or done twice?

A real Asterisk, and telephones that do what people do: take it at once or late, press another key first, cannot take
it, are busy, reject, are not there, hang up, or say nothing. Incidents are handed over all the time. The engine gets
SIGKILL at a random moment after one of: a submission, a ring, a pick-up, a key, its own start, or just so; it is
started again at once (`bench.lives`).

Verdict (`bench.verdict`), from the journal and from what the telephones saw: 0 orders lost (each is acknowledged, or
the dispatcher was told; a key 1 that was pressed counts), 0 repeats that do not say so, 0 double acknowledgements,
0 calls that nothing decided.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from bench import departments
from bench.centre import TRUNK, Centre, CentreError, centre
from bench.desk import Desk
from bench.duty import NOBODY, Manner
from bench.lines import Lines, lines
from bench.lives import Lives, lives
from bench.report import Spread, conclude, machine, spread, table
from bench.sides import SEED, ended_politely
from bench.verdict import Verdict, judge

KILLS, QUICK_KILLS = 200, 12
MANNERS = 200
"""That each number has; more than it is called."""
WAIT_S = 8.0
"""A moment that does not come is waited for so long."""
BACK_S = 30.0
SETTLE_S = 180.0
_LOOK_S = 0.05
_DESKS = 8
CALLING = {"deadline_s": 20, "spoken": 1, "key_s": 3, "remind_s": 30}
LINE = {"ring_s": 6, "tries": 3, "wait_s": 1}
PLACE = "启明区晨光路12号"


class Moment(StrEnum):
    """After what the engine is killed."""

    SUBMISSION = "submission"
    RING = "ring"
    PICK_UP = "pick-up"
    KEY = "key"
    START = "start"
    ANY = "any"


WITHIN_S = {
    Moment.SUBMISSION: 0.5,
    Moment.RING: 0.4,
    Moment.PICK_UP: 0.5,
    Moment.KEY: 0.3,
    Moment.START: 2.5,
    Moment.ANY: 4.0,
}
"""The kill comes at random within this."""
WEIGHTS = {
    Moment.SUBMISSION: 5,
    Moment.RING: 4,
    Moment.PICK_UP: 4,
    Moment.KEY: 5,
    Moment.START: 2,
    Moment.ANY: 4,
}


@dataclass
class Kill:
    """One."""

    moment: Moment
    ringing: int
    up: int
    """Calls in that moment."""
    back_s: float | None = None
    """Until the engine was in charge again; None: it was killed before."""


@dataclass
class Campaign:
    """All that was done."""

    kills: list[Kill] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    """Promised."""
    submissions: int = 0
    sent_again: int = 0
    """How many of them had to be sent more than once."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.crash", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"two minutes: {QUICK_KILLS} kills")
    parser.add_argument("--kills", type=int, default=KILLS, metavar="N", help=f"how many ({KILLS})")
    parser.add_argument("--seed", type=int, default=SEED, help="other moments and manners")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="logs and facts go there if something is wrong")
    options = parser.parse_args(arguments)
    kills = QUICK_KILLS if options.quick else options.kills
    before, begun = machine(), time.monotonic()
    print(f"The engine is killed {kills} times while departments are called.", flush=True)
    with lines(TRUNK) as telephones, _centre(telephones) as served, lives(served) as engine:
        served.await_ready()
        chance = random.Random(options.seed)
        telephones.behave(Manner(ring_s=0.5, keys="1"), dict(_manners(chance)))
        campaign = Chaos(served, telephones, engine, chance).run(kills)
        verdict = _verdict(served, telephones, campaign)
        if options.keep is not None and verdict.words:
            shutil.copytree(served.state / "log", options.keep, dirs_exist_ok=True)
            (options.keep / "facts.json").write_text(json.dumps(Desk(served.ports["http"], served.token()).facts()))
        unspoken, bugs = engine.said("not spoken: "), engine.bugs
        kept = len(list(served.recordings.glob("[0-9]*/*/*/*.json")))
    took_s = time.monotonic() - begun
    back = spread([1e3 * kill.back_s for kill in campaign.kills if kill.back_s is not None])
    print("\n" + readable(campaign, verdict, back), flush=True)
    return conclude(
        "crash",
        quick=options.quick,
        figures={
            "kills": kills,
            **verdict.counts,
            "moments": Counter(kill.moment for kill in campaign.kills),
            "with_calls": sum(bool(kill.ringing or kill.up) for kill in campaign.kills),
            "back": back,
            "s_per_kill": round(took_s / kills, 2),
            "submissions": campaign.submissions,
            "sent_again": campaign.sent_again,
            "own_ends": engine.own_ends,
            "bugs": bugs,
            "unspoken": unspoken,
            "recordings": kept,
        },
        beside={},
        facts=before | {"seed": options.seed, "took_s": round(took_s, 1), "wrong": verdict.words[:20]},
        targets={
            "0 lost": not verdict.lost,
            "0 unlabelled repeats": not verdict.unlabelled,
            "0 double acknowledgements": not verdict.double,
            "0 calls that nothing decided": not verdict.blind,
            "the engine ended only when it was killed": engine.own_ends == 0 and bugs == 0,
        },
    )


class Chaos:
    """Hands over and kills."""

    def __init__(self, served: Centre, telephones: Lines, engine: Lives, chance: random.Random) -> None:
        self._served = served
        self._telephones = telephones
        self._engine = engine
        self._chance = chance
        self._words = random.Random(chance.random())
        self._campaign = Campaign()

    def run(self, kills: int) -> Campaign:
        """Kill so often; every submission is answered afterwards, and every order settled. Raises CentreError."""
        with ThreadPoolExecutor(_DESKS) as desks:
            work = [desks.submit(self._submit, *self._next(turn)) for turn in self._turns(kills)]
            self._settle(work)
        return self._campaign

    def _turns(self, kills: int) -> Iterator[int]:
        """Each turn is handed over, then its kill follows."""
        killed_at: float | None = None
        for turn in range(kills):
            moment = self._chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            if moment is not Moment.START:
                self._await_back(killed_at)
            counted = self._count(moment)
            yield turn
            self._wait(moment, counted)
            rungs = [rung for rung in self._telephones.since(0) if not rung.over]
            up = sum(bool(rung.accepted) for rung in rungs)
            self._campaign.kills.append(Kill(moment, len(rungs) - up, up))
            self._engine.kill()
            killed_at = self._engine.since
            if (turn + 1) % 20 == 0:
                print(f"  {turn + 1} kills, {len(self._telephones.rungs)} calls", flush=True)
        self._await_back(killed_at)

    def _wait(self, moment: Moment, counted: int) -> None:
        """Until the moment, and a random time on."""
        if moment in (Moment.RING, Moment.PICK_UP, Moment.KEY):
            self._telephones.wait(lambda: self._count(moment) > counted, WAIT_S)
        since = self._engine.since if moment is Moment.START else time.monotonic()
        after_s = self._chance.uniform(0.0, WITHIN_S[moment])
        time.sleep(max(0.0, since + after_s - time.monotonic()))

    def _count(self, moment: Moment) -> int:
        rungs = self._telephones.since(0)
        match moment:
            case Moment.PICK_UP:
                return sum(bool(rung.accepted) for rung in rungs)
            case Moment.KEY:
                return sum(bool(rung.keyed) for rung in rungs)
            case _:
                return len(rungs)

    def _await_back(self, killed_at: float | None) -> None:
        deadline = time.monotonic() + BACK_S
        while not self._served.ready():
            if time.monotonic() > deadline:
                raise CentreError(f"no engine in charge {BACK_S:.0f} s after the kill")
            time.sleep(_LOOK_S)
        if killed_at is not None and self._campaign.kills[-1].back_s is None:
            self._campaign.kills[-1].back_s = time.monotonic() - killed_at

    def _next(self, turn: int) -> tuple[int, str]:
        return turn, departments.fresh(self._words)

    def _submit(self, turn: int, words: str) -> tuple[list[str], int]:
        """One incident for three departments, and an order to one whose telephones ring together."""
        desk = Desk(self._served.ports["http"], self._served.token())
        try:
            submitted = desk.submit(desk.draft(departments.group(turn), PLACE, words))
            joint = departments.together(turn % departments.TOGETHER)
            by_hand = desk.order(submitted.id, joint, words, CALLING["deadline_s"])
        finally:
            desk.close()
        return [*submitted.orders, by_hand["id"]], submitted.tries

    def _settle(self, work: Sequence[Future[tuple[list[str], int]]]) -> None:
        for each in work:
            orders, tries = each.result(SETTLE_S)
            self._campaign.orders += orders
            self._campaign.submissions += 1
            self._campaign.sent_again += tries > 1
        desk, deadline = Desk(self._served.ports["http"], self._served.token()), time.monotonic() + SETTLE_S
        while any(not order["told"] for order in desk.ask("GET", "/api/v1/orders")["orders"]):
            if time.monotonic() > deadline:
                break  # the verdict names them
            time.sleep(1.0)
        desk.close()


def readable(campaign: Campaign, verdict: Verdict, back: Spread) -> str:
    """The table, and what is to be known beside it."""
    rows = [
        (moment, len(of), sum(bool(kill.ringing) for kill in of), sum(bool(kill.up) for kill in of))
        for moment in Moment
        if (of := [kill for kill in campaign.kills if kill.moment is moment])
    ]
    counts = verdict.counts
    said = (
        f"Lost {counts['lost']}, repeats that did not say so {counts['unlabelled']}, double acknowledgements "
        f"{counts['double']}, calls that nothing decided {counts['blind']}."
    )
    return "\n".join(
        [
            table(("killed after", "kills", "while ringing", "while up"), rows),
            "",
            said,
            f"{counts['orders']} orders: {counts['acknowledged']} acknowledged, {counts['told']} told to the "
            f"dispatcher; {counts['attempts']} attempts, {counts['calls']} calls, {counts['repeats']} of them "
            f"repeats, {counts['labelled']} said so.",
            f"In charge again after {back['p50_ms']} ms (p50), {back['p99_ms']} ms (p99).",
            *verdict.words[:20],
            "",
        ]
    )


def _centre(telephones: Lines) -> AbstractContextManager[Centre]:
    return centre(1, change=lambda folder: departments.write(folder, telephones.contact, calling=CALLING, line=LINE))


def _verdict(served: Centre, telephones: Lines, campaign: Campaign) -> Verdict:
    desk = Desk(served.ports["http"], served.token())
    return judge(desk.facts(), list(telephones.rungs.values()), campaign.orders)


def _manners(chance: random.Random) -> Iterator[tuple[str, list[Manner]]]:
    numbers = [departments.number(place, rung) for place in range(departments.MANY) for rung in (0, 1)]
    numbers += [number for place in range(departments.TOGETHER) for number in departments.together_numbers(place)]
    for number in numbers:
        yield number, [_manner(chance) for _ in range(MANNERS)]


def _manner(chance: random.Random) -> Manner:
    """What people do."""
    ring_s, after_s = chance.uniform(0.1, 3.0), chance.uniform(0.2, 6.0)
    kinds = {
        Manner(ring_s, keys="1", key_after_s=after_s): 35,
        Manner(ring_s, keys="21", key_after_s=after_s / 2): 7,
        Manner(ring_s, keys="51", key_after_s=after_s / 2): 5,
        Manner(ring_s, keys="11", key_after_s=0.3): 5,
        Manner(ring_s, keys="9", key_after_s=after_s): 9,
        Manner(ring_s, status=486): 9,
        Manner(ring_s, status=603): 6,
        Manner(status=NOBODY): 8,
        Manner(ring_s, hang_up_after_s=after_s): 9,
        Manner(ring_s): 7,
    }
    return chance.choices(list(kinds), list(kinds.values()))[0]


if __name__ == "__main__":
    ended_politely(main)
