"""How fast departments are reached, on a real Asterisk with fifty departments and their telephones on one socket.

Parts, each by the HTTP interface as a desk does it:

- *first*: an incident with a plan of three departments and a text that nobody has spoken before is handed over; from
  sending the request to the first INVITE at one of their telephones, and to the last of the three. The very first one
  after the engine's start, whose speakers are still beginning, is told apart (*cold*).
- *all*: one incident orders all fifty departments, each with a text of its own; from sending the request to the moment
  in which the fiftieth telephone rings.
- *key*: telephones of one department ring together, somebody picks one up and presses 1; from the key's going down to
  the CANCEL at each of the others.
- *deadline*: an order's first telephone rings on and on; from the deadline to `DispatcherTold` at a listener of the
  feed, and to the next telephone's INVITE. How many milliseconds late, or early.

Beside it, in the same run: a script that speaks each text with the same voice in the foreground and dials by Asterisk's
manager (`bench.naive`), one department after the other. That is what a centre without such a program would write; it
keeps nothing, hears no key and knows no deadline, so only *first* and *all* can be set against it. A script that also
waited for each answer would be slower still, but measure people.

Targets, for `ok`: *first* p99 within 1 s; *all* within 10 s; *key* within 500 ms; *deadline* within 500 ms.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bench import departments, naive
from bench.centre import TRUNK, Centre, centre
from bench.desk import Desk
from bench.duty import NOBODY, Manner
from bench.lines import Lines, LinesError, lines
from bench.notes import Noted, notes
from bench.report import Spread, conclude, machine, percentile, spread, table
from bench.sides import SEED, ended_politely

FIRST_MS, ALL_MS, KEY_MS, DEADLINE_MS = 1_000.0, 10_000.0, 500.0, 500.0
DEADLINE_S = 10
"""The shortest that there is."""
PLACE = "启明区晨光路12号"
WITHIN_S = 30.0
OVER_S = 90.0
APART_S = 0.3
"""Between two orders of a part: they are under way together, and do not begin in one moment."""
PICKED_UP_S = 2.0

TAKES = Manner(ring_s=0.5, keys="1")
RINGS_ON = Manner(status=NOBODY)


@dataclass(frozen=True)
class Length:
    """How long a run is."""

    first: int
    rounds: int
    """Times that all are called."""
    together: int
    """Departments whose telephones ring together."""
    overdue: int
    """Orders that come to their deadline."""
    naive_first: int


FULL = Length(first=60, rounds=3, together=departments.TOGETHER, overdue=30, naive_first=20)
QUICK = Length(first=10, rounds=1, together=5, overdue=6, naive_first=5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.notify", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="about a minute: fewer of everything")
    options = parser.parse_args(arguments)
    length = QUICK if options.quick else FULL
    before, begun = machine(), time.monotonic()
    print(f"A centre with {departments.MANY} departments, {departments.GROUP} of them in a plan, or all.", flush=True)
    with (
        lines(TRUNK) as telephones,
        centre(1, engine=True, change=lambda folder: departments.write(folder, telephones.contact)) as served,
    ):
        served.await_ready()
        bench = Bench(served, telephones)
        cold, _ = bench.first(1)
        first, three = bench.first(length.first)
        print(f"  {length.first} submissions done", flush=True)
        all_ms = [bench.all() for _ in range(length.rounds)]
        print(f"  all {departments.MANY} called {length.rounds} times", flush=True)
        keys = bench.keys(length.together)
        print(f"  {length.together} departments whose telephones ring together done", flush=True)
        with notes(served.ports["http"], served.token(), 1) as listening:
            numbers = bench.overdue(length.overdue)
            told, dialled = late(listening.take(), numbers, telephones)
        print(f"  {length.overdue} deadlines done", flush=True)
        naive_first = [bench.naive(departments.group_of(place))[0] for place in range(length.naive_first)]
        naive_all = [bench.naive(range(departments.MANY))[1] for _ in range(length.rounds)]
        version = served.asterisk.console("core show version").split()[1]
    figures: dict[str, Any] = {
        "cold_ms": round(cold[0], 2),
        "first": spread(first),
        "three": spread(three),
        "all": spread(all_ms),
        "key": spread(keys),
        "told": spread(told),
        "dialled": spread(dialled),
    }
    beside = {"first": spread(naive_first), "all": spread(naive_all)}
    print("\n" + readable(figures, beside), flush=True)
    return conclude(
        "notify",
        quick=options.quick,
        figures=figures,
        beside={"script: speak, dial, next": beside},
        facts=before
        | {
            "asterisk": version,
            "departments": departments.MANY,
            "in_a_plan": departments.GROUP,
            "took_s": round(time.monotonic() - begun, 1),
        },
        targets={
            f"submission to first INVITE p99 within {FIRST_MS / 1e3:g} s": _within(first, FIRST_MS, length.first),
            f"{departments.MANY} telephones ring within {ALL_MS / 1e3:g} s": _within(all_ms, ALL_MS, length.rounds),
            f"key to the others' end within {KEY_MS:.0f} ms": _within(
                keys, KEY_MS, length.together * (departments.PHONES - 1)
            ),
            f"dispatcher told within {DEADLINE_MS:.0f} ms of the deadline": _within(told, DEADLINE_MS, length.overdue),
            f"next telephone dialled within {DEADLINE_MS:.0f} ms of the deadline": _within(
                dialled, DEADLINE_MS, length.overdue
            ),
        },
    )


class Bench:
    """What a desk does, and what the telephones see of it."""

    def __init__(self, served: Centre, telephones: Lines) -> None:
        self._served = served
        self._telephones = telephones
        self._desk = Desk(served.ports["http"], served.token())
        self._words = random.Random(SEED)

    def first(self, count: int) -> tuple[list[float], list[float]]:
        """Submissions of ordinary plans: until the first telephone rings, and until all of the plan do; ms."""
        self._telephones.behave(TAKES)
        first, last = [], []
        for place in range(count):
            numbers = [departments.number(each, 0) for each in departments.group_of(place)]
            draft = self._desk.draft(departments.group(place), PLACE, departments.fresh(self._words))
            self._idle(numbers)
            sent = self._desk.submit(draft).sent
            came = self._invited(sent, numbers)
            first.append(_ms(sent, min(came)))
            last.append(_ms(sent, max(came)))
            time.sleep(APART_S)
        self._quiet()
        return first, last

    def all(self) -> float:
        """One incident for all: until the last telephone rings; ms."""
        self._telephones.behave(RINGS_ON)
        numbers = [departments.number(place, 0) for place in range(departments.MANY)]
        draft = self._desk.draft(departments.ALL, PLACE, departments.fresh(self._words))
        submitted = self._desk.submit(draft)
        came = self._invited(submitted.sent, numbers)
        self._over(submitted.id)
        return _ms(submitted.sent, max(came))

    def keys(self, count: int) -> list[float]:
        """Telephones that ring together: from the key on one to the CANCEL at each other; ms."""
        numbers = [departments.together_numbers(place) for place in range(count)]
        takes = Manner(ring_s=PICKED_UP_S, keys="1")
        self._telephones.behave(RINGS_ON, {each[place % len(each)]: [takes] for place, each in enumerate(numbers)})
        begun, incident = time.time_ns(), self._by_hand()
        for place in range(count):
            self._order(incident, departments.together(place), 120)
            time.sleep(APART_S)
        self._invited(begun, [number for each in numbers for number in each])
        self._quiet()
        found = []
        for each in numbers:
            rungs = self._telephones.since(begun, each)
            (keyed,) = (rung.keyed for rung in rungs if rung.keyed)
            found += [_ms(keyed, rung.stopped) for rung in rungs if not rung.accepted]
        return found

    def overdue(self, count: int) -> dict[str, str]:
        """Orders whose first telephone rings beyond the deadline: each with the number that is to ring then."""
        second = {departments.number(place, 1): [TAKES] for place in range(count)}
        self._telephones.behave(RINGS_ON, second)
        begun, incident, orders = time.time_ns(), self._by_hand(), dict[str, str]()
        for place in range(count):
            order = self._order(incident, departments.department(place), DEADLINE_S)
            orders[order["id"]] = departments.number(place, 1)
            time.sleep(APART_S)
        self._invited(begun, list(second))
        self._quiet()
        return orders

    def naive(self, places: Iterable[int]) -> tuple[float, float]:
        """The same by a script: until the first, and until the last telephone rings; ms."""
        numbers = [departments.number(place, 0) for place in places]
        self._telephones.behave(Manner(status=486, ring_s=1.0))
        began = naive.call_all(self._served, numbers, f"{PLACE}，{departments.fresh(self._words)}")
        came = self._invited(began, numbers)
        self._quiet()
        return _ms(began, min(came)), _ms(began, max(came))

    def _by_hand(self) -> str:
        draft = self._desk.draft(departments.NONE, PLACE, departments.fresh(self._words))
        return self._desk.submit(draft).id

    def _order(self, incident: str, department: str, deadline_s: int) -> Any:
        return self._desk.order(incident, department, departments.fresh(self._words), deadline_s)

    def _over(self, incident: str) -> None:
        """Close an incident, so that what rings for it stops."""
        version = self._desk.ask("GET", f"/api/v1/incidents/{incident}")["version"]
        self._desk.ask("POST", f"/api/v1/incidents/{incident}/close", {"version": version, "result": "handled"})
        self._quiet()

    def _invited(self, since: int, numbers: Sequence[str]) -> list[int]:
        """When each of these was called first. Raises LinesError."""

        def came() -> dict[str, int]:
            return {rung.number: rung.invited for rung in reversed(self._telephones.since(since, numbers))}

        self._await(lambda: len(came()) == len(numbers), WITHIN_S, "not every telephone was called")
        return list(came().values())

    def _idle(self, numbers: Sequence[str]) -> None:
        self._await(lambda: all(each.over for each in self._telephones.since(0, numbers)), OVER_S, "a call goes on")

    def _quiet(self) -> None:
        self._await(lambda: all(each.over for each in self._telephones.since(0)), OVER_S, "a call goes on")

    def _await(self, fact: Callable[[], bool], within_s: float, otherwise: str) -> None:
        if not self._telephones.wait(fact, within_s):
            raise LinesError(f"{otherwise} within {within_s:.0f} s")


def late(noted: Noted, numbers: dict[str, str], telephones: Lines) -> tuple[list[float], list[float]]:
    """Of each order: from its deadline to the telling, and to the next telephone's INVITE; ms, negative: before it."""
    due = {
        fact["subjects"]["order"]: datetime.fromisoformat(fact["body"]["due"]).timestamp()
        for fact, _ in noted.facts("OrderIssued")
        if fact["subjects"]["order"] in numbers
    }
    told = [
        1e3 * (at - due[fact["subjects"]["order"]])
        for fact, times in noted.facts("DispatcherTold")
        if fact["subjects"]["order"] in due and fact["body"]["why"] == "deadline" and fact["body"]["times"] == 1
        for at in times
    ]
    dialled = []
    for order, number in numbers.items():
        began = round((due[order] - DEADLINE_S) * 1e9)
        dialled += [_ms(round(due[order] * 1e9), rung.invited) for rung in telephones.since(began, [number])[:1]]
    return told, dialled


def readable(figures: dict[str, Any], beside: dict[str, Spread]) -> str:
    """The table, and what is to be known beside it."""
    rows = [
        ("first: submission to the first telephone", figures["first"]),
        ("  a script that speaks and dials", beside["first"]),
        (f"three: … to the last of {departments.GROUP}", figures["three"]),
        (f"all: … to the last of {departments.MANY}", figures["all"]),
        ("  a script that speaks and dials", beside["all"]),
        ("key: key 1 to the CANCEL at the others", figures["key"]),
        ("deadline: to the dispatcher's being told", figures["told"]),
        ("deadline: to the next telephone", figures["dialled"]),
    ]
    told = table(("ms", "count", "p50", "p90", "p99", "max"), [(name, *one.values()) for name, one in rows])
    return f"{told}\n\nThe first submission after the engine's start: {figures['cold_ms']:.0f} ms.\n"


def _within(values: Sequence[float], limit_ms: float, count: int) -> bool:
    """All that was expected came, and 99 of 100 within the limit, neither too late nor too early."""
    worst = percentile([abs(value) for value in values], 0.99)
    return len(values) == count and worst is not None and worst <= limit_ms


def _ms(since: int, at: int) -> float:
    return (at - since) / 1e6


if __name__ == "__main__":
    ended_politely(main)
