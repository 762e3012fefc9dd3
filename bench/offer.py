"""A seat becomes free: how long until the next caller who waits rings there, beside Asterisk's own `Queue()`.

A few seats, and more callers than they can take, so that somebody always waits. Measured from the BYE of a seat's last
call to the INVITE of its next one, for calls that had waited. Targets, for `ok`: the engine's p99 within 100 ms; no
call cut.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.callers import Call
from bench.centre import TRUNK, centre
from bench.load import Centre as Target
from bench.load import Window, load
from bench.report import conclude, machine, percentile, table
from bench.sides import BIND, LEAST_RECENT, RINGALL, SEED, Length, Side, add_queues, ended_politely

SEATS = 10
HOLD_S = 2.0
RATE = 6.0  # calls a second; ten seats that talk for two seconds each take five
LEAD_S = 3.0  # until all seats talk and somebody waits
WAITED_NS = 200_000_000  # who rings sooner found a free seat
LIMIT_MS = 100.0

ENGINE = Side("engine", "119")
FULL = Length((ENGINE, RINGALL, LEAST_RECENT), window_s=12.0, rounds=3)
QUICK = Length((ENGINE, RINGALL), window_s=6.0, rounds=1)


@dataclass(frozen=True)
class Result:
    """One side."""

    side: Side
    calls: tuple[Call, ...]

    @property
    def gaps_ms(self) -> list[float]:
        """From a seat's being free to its next call, of calls that had waited."""
        waited = (call for call in self.calls if call.rung and call.after_free and call.rung - call.sent > WAITED_NS)
        return [call.after_free / 1e6 for call in waited]

    @property
    def failed(self) -> int:
        """Calls that were not answered in time, or cut."""
        return sum(not call.answered or bool(call.ended) for call in self.calls)

    def figures(self) -> dict[str, object]:
        """For the JSON line."""
        gaps = self.gaps_ms
        return {
            "calls": len(self.calls),
            "failed": self.failed,
            "waited": len(gaps),
            "p50_ms": _rounded(percentile(gaps, 0.5)),
            "p90_ms": _rounded(percentile(gaps, 0.9)),
            "p99_ms": _rounded(percentile(gaps, 0.99)),
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.offer", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="less than a minute: one short window a way, one queue")
    options = parser.parse_args(arguments)
    length = QUICK if options.quick else FULL
    before, begun = machine(), time.monotonic()
    print(f"{SEATS} seats, calls are held {HOLD_S:g} s, {RATE:g} callers a second: somebody always waits.", flush=True)
    with centre(SEATS, engine=True) as served:
        version = add_queues(served, length.sides)
        with load(Target((BIND, served.ports["sip_udp"]), TRUNK, BIND, HOLD_S, 0.0)) as generator:
            generator.sign_on(served.secrets(served.seats))
            served.await_present(SEATS)
            served.sign_in(SEATS)
            windows = [
                Window(way, side.target, RATE, length.window_s, SEED + turn, LEAD_S)
                for turn in range(length.rounds)
                for way, side in enumerate(length.sides)
            ]
            for _ in generator.run(windows):
                pass
            calls, _ = generator.drain()
    results = [Result(side, tuple(call for call in calls if call.way == way)) for way, side in enumerate(length.sides)]
    heads = ("way", "calls", "failed", "waited", "p50", "p90", "p99")
    print("\n" + table(heads, [(each.side.name, *each.figures().values()) for each in results]))
    print("\nA seat's last BYE to its next INVITE, ms, of calls that had waited.\n", flush=True)
    ours = results[0]
    p99 = percentile(ours.gaps_ms, 0.99)
    return conclude(
        "offer",
        quick=options.quick,
        figures=ours.figures(),
        beside={each.side.name: each.figures() for each in results[1:]},
        facts=before
        | {
            "asterisk": version,
            "seats": SEATS,
            "hold_s": HOLD_S,
            "rate": RATE,
            "took_s": round(time.monotonic() - begun, 1),
        },
        targets={
            f"seat free to next offer p99 within {LIMIT_MS:.0f} ms": p99 is not None and p99 <= LIMIT_MS,
            "no call was cut": not any(call.ended == "cut" for call in ours.calls),
        },
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


if __name__ == "__main__":
    ended_politely(main)
