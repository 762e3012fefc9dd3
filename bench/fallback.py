"""What a call costs when the dialplan alone brings it to a seat, beside Asterisk's own `Queue()`; see `bench.sides`.

Targets, for `ok`: at every rate the fallback leaves no call unanswered; at 10 calls a second the first seat's INVITE
comes within 50 ms after the caller's for 99 % of calls or, where the machine is too slow for that, at the most half
as late again as with `Queue()` ringing all.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from bench.centre import TRUNK, centre
from bench.load import Centre as Target
from bench.load import load
from bench.report import conclude, machine, percentile
from bench.sides import (
    BIND,
    HOLD_S,
    LEAST_RECENT,
    RINGALL,
    Length,
    Measured,
    Side,
    add_queues,
    ended_politely,
    run,
    seats_for,
    told,
)

RATES = (2.0, 10.0, 20.0)  # calls a second; a city of twenty millions has 3.5 at its busiest minute
LIMIT_MS = 50.0
LIMIT_RATE = 10.0
SLOW_MACHINE = 1.5

FALLBACK = Side("fallback", "119")
FULL = Length((FALLBACK, RINGALL, LEAST_RECENT), window_s=8.0, rounds=3)
QUICK = Length((FALLBACK, RINGALL), window_s=2.5, rounds=1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.fallback", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="less than a minute: short windows, one queue")
    parser.add_argument(
        "--answer-after", type=float, default=0.0, metavar="S", help="how long a seat rings before it answers (0)"
    )
    options = parser.parse_args(arguments)
    length = QUICK if options.quick else FULL
    before, begun = machine(), time.monotonic()
    most = seats_for(RATES[-1])
    print(f"A centre with {most} seats; calls are held {HOLD_S:.0f} s; {told(length)}", flush=True)
    with centre(most) as served:
        version = add_queues(served, length.sides)
        target = Target((BIND, served.ports["sip_udp"]), TRUNK, BIND, HOLD_S, options.answer_after)
        with load(target) as generator:
            programs = {"asterisk": served.asterisk_pid, "serve": served.serve.pid, "load": generator.pid}
            measured = run(served, generator, programs, length, RATES)
    print("\n" + measured.readable(), flush=True)
    return conclude(
        "fallback",
        quick=options.quick,
        figures=measured.figures(FALLBACK) | {"memory_mb": measured.memory_mb},
        beside={side.name: measured.figures(side) for side in length.sides if side != FALLBACK},
        facts=before
        | measured.facts()
        | {
            "asterisk": version,
            "answer_after_s": options.answer_after,
            "took_s": round(time.monotonic() - begun, 1),
        },
        targets=targets(measured),
    )


def targets(measured: Measured) -> dict[str, bool]:
    """Each target in words, and whether it is met."""
    met = {f"no failure at {each.rate:.0f} calls/s": not each.failed for each in measured.of(FALLBACK)}
    ours, queue = (
        next(percentile(each.to_seat_ms, 0.99) for each in measured.of(side) if each.rate == LIMIT_RATE)
        for side in (FALLBACK, RINGALL)
    )
    limit = max(LIMIT_MS, SLOW_MACHINE * (queue or 0.0))
    words = f"INVITE to first seat p99 at {LIMIT_RATE:.0f} calls/s within {LIMIT_MS:.0f} ms or {SLOW_MACHINE} x ringall"
    return met | {words: ours is not None and ours <= limit}


if __name__ == "__main__":
    ended_politely(main)
