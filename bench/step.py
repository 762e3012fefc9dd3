"""How long a step of the distributor takes in a centre of 500 seats in which 200 callers wait.

    python -m bench.step

The engine's loop is held by it: while a step is made nobody else is heard. Beside it, measured in the same run: looking
once at every call and every seat, which is what a distributor without indices would do at each step.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.report import conclude, machine, percentile, spread, table
from intake import event, wish
from intake.distributor import Distributor, Event
from intake.people import Person
from intake.settings import IntakeSettings
from intake.snapshot import Device, SeatSeen, SignedInSeen, Snapshot
from intake.stage import Stage
from tests.intake_room import person

SEATS = [f"seat-{number:03}" for number in range(500)]
SERVICES = ("police", "fire", "medical")
WAITING = 200
HELD_MS = 2.0
"""The engine's loop may not be held for longer (docs/architecture.md); a step takes a small part of it."""
RESYNC_MS = 1000.0
"""Everything compared with Asterisk, once after a login."""
TURNS, TURNS_QUICK = 2000, 400
EVERY = 20  # looks at everything beside so many turns: each takes as long as some hundred steps


@dataclass
class Took:
    """What was measured, ms."""

    steps: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    resyncs: list[float] = field(default_factory=list)


def main() -> int:
    """Measure, and say whether the targets are met."""
    parser = argparse.ArgumentParser(description="How long a step of the distributor takes.")
    parser.add_argument("--quick", action="store_true", help="a fifth of the steps")
    quick = parser.parse_args().quick
    took = measure(TURNS_QUICK if quick else TURNS)
    sides = {"a step": took.steps, "a look at everything": took.looks, "a resync": took.resyncs}
    rows = [
        (name, len(each), *(f"{percentile(each, share) or 0.0:.3f}" for share in (0.5, 0.99, 1.0)))
        for name, each in sides.items()
    ]
    print(table((f"{len(SEATS)} seats, {WAITING} wait; ms", "count", "p50", "p99", "most"), rows), end="\n\n")
    return conclude(
        "step",
        quick=quick,
        figures={"step": spread(took.steps), "resync": spread(took.resyncs)},
        beside={"look at everything": spread(took.looks)},
        facts=machine() | {"seats": len(SEATS), "waiting": WAITING},
        targets={
            f"median of a step at most {HELD_MS / 10:g} ms": (percentile(took.steps, 0.5) or 0.0) <= HELD_MS / 10,
            f"p99 of a step at most {HELD_MS:g} ms": (percentile(took.steps, 0.99) or 0.0) <= HELD_MS,
            f"a resync at most {RESYNC_MS:g} ms": max(took.resyncs) <= RESYNC_MS,
        },
    )


def measure(turns: int) -> Took:
    """Conversations end and begin, callers come, people pause; now and then everything is looked at."""
    seed = random.Random(7)  # the same day each time
    distributor, now = full_centre(seed)
    took = Took()

    def step(heard: Event) -> None:
        took.steps.append(timed(lambda: distributor.handle(heard, now)))

    talking = {each.call: each.id for each in distributor.seats() if each.call is not None}
    for number in range(turns):
        now += 0.05
        call, seat = talking.popitem()
        step(event.HungUp(seat, call or ""))
        step(event.CallerGone(call or ""))
        for offered in [each for each in distributor.calls() if each.stage is Stage.RESERVED]:
            step(event.Dialled(offered.id, offered.seats[0], offered.fence))
            step(event.Rings(offered.id, offered.seats[0], offered.fence))
            step(event.Joined(offered.id, offered.seats[0]))
            talking[offered.id] = offered.seats[0]
        step(event.Asked(f"n{number}", f"n{number}", service=seed.choice(SERVICES)))
        step(event.Tick())
        if number % EVERY == 0:
            took.looks.append(timed(lambda: (list(distributor.calls()), list(distributor.seats()))))
    for index, each in enumerate(SEATS[:100]):
        step(wish.Pause(f"w{index}", each, "rest", "api"))
        step(wish.Committed(f"w{index}"))
    seen = Snapshot((), tuple(SeatSeen(each, Device.IDLE) for each in SEATS))
    took.resyncs.append(timed(lambda: distributor.handle(event.Resync(seen), now)))
    return took


def timed(what: Callable[[], object]) -> float:
    """How long it took, ms."""
    began = time.perf_counter()
    what()
    return (time.perf_counter() - began) * 1000


def full_centre(seed: random.Random) -> tuple[Distributor, float]:
    """Every seat talks, and 200 callers wait."""
    distributor = Distributor(IntakeSettings(relax_s=3600), SEATS, staff(seed))
    lines = tuple(SeatSeen(seat, Device.IDLE) for seat in SEATS)
    here = tuple(SignedInSeen(seat, f"p-{seat}") for seat in SEATS)
    distributor.handle(event.Resync(Snapshot((), lines, here)), 0.0)
    now = 0.0
    for number in range(len(SEATS) + WAITING):
        now += 0.001
        distributor.handle(event.Asked(f"q{number}", f"c{number}", service=seed.choice(SERVICES)), now)
        for call in [each for each in distributor.calls() if each.stage is Stage.RESERVED]:
            distributor.handle(event.Joined(call.id, call.seats[0]), now)
    return distributor, now


def staff(seed: random.Random) -> list[Person]:
    """Two services each, and every other one speaks English."""
    return [
        person(
            f"p-{seat}",
            {name: seed.randint(1, 9) for name in seed.sample(SERVICES, 2)},
            seed.choice([("zh",), ("zh", "en")]),
        )
        for seat in SEATS
    ]


if __name__ == "__main__":
    sys.exit(main())
