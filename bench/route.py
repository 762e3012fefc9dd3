"""What a call costs when the engine chooses the seat, beside Asterisk's own `Queue()`; see `bench.sides`.

Rates rise to the knee: the first one at which a way leaves more than one call in a hundred without an answer within ten
seconds. Then, at ten calls a second, the engine is killed in the middle, and what its absence costs is counted.

Targets, for `ok`: no failure up to 20 calls a second, and the first seat's INVITE within 50 ms after the caller's for
99 % of calls; the engine's knee no lower than any queue's; of the calls around the kill none without an answer, and the
engine in charge again within 3 s.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.callers import Call
from bench.centre import TRUNK, Centre, centre
from bench.load import Centre as Target
from bench.load import Load, Window, load
from bench.report import conclude, machine, percentile
from bench.sides import (
    BIND,
    HOLD_S,
    LEAST_RECENT,
    RINGALL,
    SEED,
    Length,
    Measured,
    Result,
    Side,
    add_queues,
    ended_politely,
    run,
    seats_for,
    told,
)

RATES = (2.0, 10.0, 20.0, 30.0)
"""Calls a second; New York was designed for 13.9."""
LIMIT_MS = 50.0
LIMIT_RATE = 20.0
KNEE = 0.01
KILLED_RATE = 10.0
KILLED = 1_000  # the way of those calls
KILLED_S = 12.0
KILLED_AFTER_S = 4.0
BACK_S = 3.0
LOOK_S = 0.02

ENGINE = Side("engine", "119")
FULL = Length((ENGINE, RINGALL, LEAST_RECENT), window_s=8.0, rounds=2)
QUICK = Length((ENGINE, RINGALL), window_s=2.5, rounds=1)
QUICK_RATES = RATES[:2]


@dataclass(frozen=True)
class Killed:
    """What the death of the engine in the middle of calls came to."""

    calls: tuple[Call, ...]
    back_s: float
    """From the kill until the interface says again that the engine is in charge."""

    @property
    def unanswered(self) -> int:
        """Calls that nobody answered, or that were cut."""
        return sum(not call.answered or bool(call.ended) for call in self.calls)

    def figures(self) -> dict[str, object]:
        """For the JSON line."""
        waits = [(call.answered - call.sent) / 1e6 for call in self.calls if call.answered]
        return {
            "calls": len(self.calls),
            "unanswered": self.unanswered,
            "answer_p50_ms": percentile(waits, 0.5),
            "answer_p99_ms": percentile(waits, 0.99),
            "back_s": round(self.back_s, 2),
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.route", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="about a minute: short windows, low rates, one queue")
    options = parser.parse_args(arguments)
    length, rates = (QUICK, QUICK_RATES) if options.quick else (FULL, RATES)
    before, begun = machine(), time.monotonic()
    most = seats_for(rates[-1])
    print(f"A centre with {most} seats; calls are held {HOLD_S:.0f} s; {told(length)}", flush=True)
    with centre(most, engine=True) as served:
        version = add_queues(served, length.sides)
        target = Target((BIND, served.ports["sip_udp"]), TRUNK, BIND, HOLD_S, 0.0)
        with load(target) as generator:
            programs = {"asterisk": served.asterisk_pid, "load": generator.pid} | served.children()
            back: list[float] = []
            measured = run(
                served, generator, programs, length, rates, served.sign_in, lambda: back.append(kill(served, generator))
            )
    killed = Killed(tuple(call for call in measured.calls if call.way == KILLED), back[0])
    print("\n" + measured.readable(), flush=True)
    print(
        f"Engine killed at {KILLED_RATE:.0f} calls/s: {len(killed.calls)} calls, {killed.unanswered} without an "
        f"answer, in charge again after {killed.back_s:.2f} s\n",
        flush=True,
    )
    knees = {side.name: knee(measured.of(side)) for side in length.sides}
    return conclude(
        "route",
        quick=options.quick,
        figures=measured.figures(ENGINE) | {"knee": knees[ENGINE.name], "killed": killed.figures()},
        beside={
            side.name: measured.figures(side) | {"knee": knees[side.name]} for side in length.sides if side != ENGINE
        },
        facts=before
        | measured.facts()
        | {"asterisk": version, "memory_mb": measured.memory_mb, "took_s": round(time.monotonic() - begun, 1)},
        targets=targets(measured, knees, killed),
    )


def kill(served: Centre, generator: Load) -> float:
    """Kill the engine in the middle of calls; how long it took until it was in charge again, s. Raises LoadError."""
    back: list[float] = []

    def strike() -> None:
        time.sleep(KILLED_AFTER_S)
        os.kill(served.children()["engine"], signal.SIGKILL)
        at = time.monotonic()
        gone = False
        while time.monotonic() - at < KILLED_S:
            ready = _in_charge(served)
            gone = gone or not ready
            if gone and ready:
                break
            time.sleep(LOOK_S)
        back.append(time.monotonic() - at)

    striking = threading.Thread(target=strike)
    for index, _ in enumerate(generator.run([Window(KILLED, ENGINE.target, KILLED_RATE, KILLED_S, SEED, HOLD_S)])):
        if index == 0:
            striking.start()
    striking.join()
    return back[0]


def _in_charge(served: Centre) -> bool:
    try:
        served.api("GET", "/readyz")
    except OSError:
        return False
    return True


def knee(results: Sequence[Result]) -> float | None:
    """The first rate at which too many calls find nobody; None: none of those that were tried."""
    return next((each.rate for each in results if len(each.failed) > KNEE * len(each.calls)), None)


def targets(measured: Measured, knees: dict[str, float | None], killed: Killed) -> dict[str, bool]:
    """Each target in words, and whether it is met."""
    met = {}
    for each in measured.of(ENGINE):
        if each.rate <= LIMIT_RATE:
            p99 = percentile(each.to_seat_ms, 0.99)
            met[f"no failure at {each.rate:.0f} calls/s"] = not each.failed
            met[f"first seat p99 at {each.rate:.0f} calls/s within {LIMIT_MS:.0f} ms"] = (p99 or 1e9) <= LIMIT_MS
    beyond = float("inf")
    ours = knees[ENGINE.name] or beyond
    met["knee no lower than any queue's"] = all(ours >= (each or beyond) for each in knees.values())
    met["engine killed: no call without an answer"] = killed.unanswered == 0
    met[f"engine killed: in charge again within {BACK_S:.0f} s"] = killed.back_s <= BACK_S
    return met


if __name__ == "__main__":
    ended_politely(main)
