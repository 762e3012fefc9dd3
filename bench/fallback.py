"""What a call costs when the dialplan alone brings it to a seat, beside Asterisk's own `Queue()`.

One Asterisk, one set of seats; which way new calls go changes from window to window, so that a noisy machine hits all
sides alike, while the calls of the window before are still talked. Both channels
of every call are recorded by the shipped handler; the queue's members too. The first seat that is rung answers at
once: what remains is the centre's own time.

Targets, for `ok`: at every rate the fallback leaves no call unanswered; at 10 calls a second the first seat's INVITE
comes within 50 ms after the caller's for 99 % of calls or, where the machine is too slow for that, at the most half
as late again as with `Queue()` ringing all.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

from bench.callers import Call
from bench.centre import TRUNK, Centre, centre
from bench.load import Centre as Target
from bench.load import Load, Seen, Window, load
from bench.report import conclude, machine, percentile, table
from bench.usage import Usage, resident_mb, usage

RATES = (2.0, 10.0, 20.0)  # calls a second; a city of twenty millions has 3.5 at its busiest minute
HOLD_S = 5.0
LEAD_S = 1.0  # before each window: what rings in it is then its own
SPARE_DEVIATIONS = 3  # seats beyond the mean load, in its standard deviations: one call in 1,000 finds all busy
BIND = "127.0.0.1"
LIMIT_MS = 50.0
LIMIT_RATE = 10.0
SLOW_MACHINE = 1.5
SEED = 119

QUEUE = """
[bench-{name}]
strategy = {name}
ringinuse = no
autofill = yes
timeout = 12
retry = 1
joinempty = yes
leavewhenempty = no
{members}
"""

DIALPLAN = """
[unified](+)
exten => bench-{name},1,Set(__LD_CALL=${{UNIQUEID}})
 same => n,Set(__LD_CALLED=${{EXTEN}})
 same => n,Progress()
 same => n,Gosub(arm,s,1(caller))
 same => n,Ringing()
 same => n,Queue(bench-{name},rb(bench-member^s^1),,,60)
 same => n,Hangup()
"""

MEMBER = """
[bench-member]
exten => s,1,Gosub(arm,s,1(${CHANNEL(endpoint)}))
 same => n,Return()
"""


@dataclass(frozen=True)
class Side:
    """One way to a seat."""

    name: str
    target: str
    """The number that leads there."""


FALLBACK = Side("fallback", "119")
RINGALL = Side("Queue ringall", "bench-ringall")
LEAST_RECENT = Side("Queue leastrecent", "bench-leastrecent")


@dataclass(frozen=True)
class Length:
    """How long a run is."""

    sides: tuple[Side, ...]
    window_s: float
    rounds: int


FULL = Length((FALLBACK, RINGALL, LEAST_RECENT), window_s=8.0, rounds=3)
QUICK = Length((FALLBACK, RINGALL), window_s=2.5, rounds=1)


@dataclass(frozen=True)
class Result:
    """One side at one rate."""

    side: Side
    rate: float
    calls: tuple[Call, ...]
    used: Usage

    @property
    def failed(self) -> list[Call]:
        """Calls that were not answered, or cut."""
        return [call for call in self.calls if not call.answered or call.ended]

    @property
    def to_seat_ms(self) -> list[float]:
        """INVITE to first seat's INVITE."""
        return [(call.rung - call.sent) / 1e6 for call in self.calls if call.rung]

    @property
    def to_answer_ms(self) -> list[float]:
        """INVITE to answer."""
        return [(call.answered - call.sent) / 1e6 for call in self.calls if call.answered]

    def figures(self) -> dict[str, object]:
        """For the JSON line: ms, and CPU in percent of one core."""
        answered = [call for call in self.calls if call.answered]
        return {
            "calls": len(self.calls),
            "failed": len(self.failed),
            "first_seat_p50_ms": _rounded(percentile(self.to_seat_ms, 0.50)),
            "first_seat_p99_ms": _rounded(percentile(self.to_seat_ms, 0.99)),
            "answer_p50_ms": _rounded(percentile(self.to_answer_ms, 0.50)),
            "answer_p99_ms": _rounded(percentile(self.to_answer_ms, 0.99)),
            "invites_per_call": _rounded(sum(call.legs for call in answered) / max(1, len(answered))),
            "to_talking_seats": sum(call.doubled for call in self.calls),
            "sent_again": sum(call.sent_again for call in self.calls),
            "cpu_asterisk": _share(self.used, "asterisk"),
            "cpu_serve": _share(self.used, "serve"),
            "cpu_load": _share(self.used, "load"),
            "cpu_machine": round(100 * self.used.machine_s / self.used.at, 1),
        }


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
    memory: dict[float, dict[str, float]] = {}
    used: dict[int, Usage] = {}
    most = seats_for(RATES[-1])
    print(f"A centre with {most} seats; calls are held {HOLD_S:.0f} s; {_told(length)}", flush=True)
    with centre(most) as served:
        version = add_queues(served, length.sides)
        target = Target((BIND, served.ports["sip_udp"]), TRUNK, BIND, HOLD_S, options.answer_after)
        with load(target) as generator:
            programs = {"asterisk": served.asterisk_pid, "serve": served.serve.pid, "load": generator.pid}
            for index, rate in enumerate(RATES):
                sign_on(served, generator, rate)
                used |= measure(generator, programs, length, index)
                memory[rate] = resident_mb(programs)
                print(f"  {rate:.0f} calls/s done", flush=True)
            calls, seen = generator.drain()
        kept = recordings(served)
    results = [
        Result(side, rate, tuple(call for call in calls if call.way == way), used[way])
        for way, (rate, side) in enumerate(product(RATES, length.sides))
    ]
    print("\n" + readable(results, memory, seen, kept), flush=True)
    return conclude(
        "fallback",
        quick=options.quick,
        figures=_by_rate(results, FALLBACK) | {"memory_mb": {f"{rate:.0f}": each for rate, each in memory.items()}},
        beside={side.name: _by_rate(results, side) for side in length.sides if side != FALLBACK},
        facts=before
        | {
            "asterisk": version,
            "seats": {f"{rate:.0f}": seats_for(rate) for rate in RATES},
            "hold_s": HOLD_S,
            "answer_after_s": options.answer_after,
            "arrivals": "Poisson, the same gaps for each side",
            "rtp_sent": seen.rtp_sent,
            "rtp_received": seen.rtp_received,
            "rtp_late": seen.rtp_late,
            "recordings": kept,
            "took_s": round(time.monotonic() - begun, 1),
        },
        targets=targets(results),
    )


def seats_for(rate: float) -> int:
    """Seats that a rate needs: the mean number of calls at once, and what it varies by."""
    mean = rate * HOLD_S
    return math.ceil(mean + SPARE_DEVIATIONS * math.sqrt(mean))


def add_queues(served: Centre, sides: Sequence[Side]) -> str:
    """Put the queues beside the shipped dialplan, for this run only; returns Asterisk's version."""
    members = "\n".join(f"member = PJSIP/{seat}" for seat in served.seats)
    for side in sides:
        if side != FALLBACK:
            name = side.target.removeprefix("bench-")
            served.add("queues.conf", QUEUE.format(name=name, members=members))
            served.add("extensions.conf", DIALPLAN.format(name=name))
    served.add("extensions.conf", MEMBER)
    served.asterisk.console("dialplan reload")
    served.asterisk.console("queue reload all")
    return served.asterisk.console("core show version").split()[1]


def sign_on(served: Centre, generator: Load, rate: float) -> None:
    """Register as many seats as a rate needs, the first ones of the centre."""
    there = served.present()
    wanted = seats_for(rate)
    generator.sign_on(served.secrets(served.seats[there:wanted]))
    served.await_present(wanted)


def measure(generator: Load, programs: dict[str, int], length: Length, index: int) -> dict[int, Usage]:
    """One rate, by its index: the sides in turn, once the load is steady.

    Returns what was used on each way; ways are numbered in the order of the results: rates, and in each the sides.
    """
    rate, count = RATES[index], len(length.sides)
    windows: list[Window] = []
    for turn in range(length.rounds):
        for side in ((turn + place) % count for place in range(count)):
            way = index * count + side
            # Until as many calls are up as always from then on; at the lowest rate these few weigh nothing.
            lead_s = HOLD_S if index > 0 and not windows else LEAD_S
            windows.append(Window(way, length.sides[side].target, rate, length.window_s, SEED + turn, lead_s))
    marks = [usage(programs) for _ in generator.run(windows)]
    used: dict[int, Usage] = {}
    for window, earlier, later in zip(windows, marks[::2], marks[1::2], strict=True):
        span = later.since(earlier)
        used[window.way] = used[window.way] + span if window.way in used else span
    return used


def recordings(served: Centre) -> dict[str, int]:
    """What has become of the calls' voices so far: the keeper works behind the calls."""
    finished = list(served.recordings.glob("[0-9]*/*/*/*.json"))
    return {"finished": len(finished), "unfinished": sum(1 for _ in (served.recordings / "raw").iterdir())}


def targets(results: Sequence[Result]) -> dict[str, bool]:
    """Each target in words, and whether it is met."""
    met = {
        f"no failure at {result.rate:.0f} calls/s": not result.failed for result in results if result.side == FALLBACK
    }
    ours, queue = (
        next(percentile(each.to_seat_ms, 0.99) for each in results if each.side == side and each.rate == LIMIT_RATE)
        for side in (FALLBACK, RINGALL)
    )
    limit = max(LIMIT_MS, SLOW_MACHINE * (queue or 0.0))
    words = f"INVITE to first seat p99 at {LIMIT_RATE:.0f} calls/s within {LIMIT_MS:.0f} ms or {SLOW_MACHINE} x ringall"
    return met | {words: ours is not None and ours <= limit}


def readable(results: Sequence[Result], memory: dict[float, dict[str, float]], seen: Seen, kept: dict[str, int]) -> str:
    """The table, and what is to be known beside it."""
    heads = (
        "calls/s", "way", "calls", "failed", "seat p50", "p99", "answer p50", "p99", "rung", "busy", "again",
        "Asterisk", "serve", "load", "machine",
    )  # fmt: skip
    rows = [(f"{each.rate:.0f}", each.side.name, *each.figures().values()) for each in results]
    voice = 100 * seen.rtp_received / max(1, seen.rtp_sent)
    return "\n".join(
        [
            table(heads, rows),
            "",
            "seat: caller's INVITE to the first seat's INVITE; answer: to the caller's 200; ms. rung: seats' INVITEs a",
            "call; busy: INVITEs to seats that talk; again: callers' messages sent again. CPU in % of one core:",
            "Asterisk, serve (with its recording worker), the load generator, everything on the machine.",
            f"Voice: {seen.rtp_sent} packets sent, {voice:.0f} % as many came back; the load generator was late with",
            f"{seen.rtp_late} and left them out.",
            f"Recordings: {kept['finished']} finished, {kept['unfinished']} still to finish or up.",
            *(
                f"Memory at {rate:.0f} calls/s: Asterisk {each['asterisk']:.0f} MB, serve {each['serve']:.0f} MB."
                for rate, each in memory.items()
            ),
            "",
        ]
    )


def _by_rate(results: Sequence[Result], side: Side) -> dict[str, object]:
    return {f"{each.rate:.0f}": each.figures() for each in results if each.side == side}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _share(used: Usage, name: str) -> float:
    return round(100 * used.cpu_s[name] / used.at, 1)


def _told(length: Length) -> str:
    names = ", ".join(side.name for side in length.sides)
    return f"windows of {length.window_s:g} s, {length.rounds} a way and rate: {names}."


@contextmanager
def _ended_politely() -> Iterator[None]:
    """A SIGTERM ends the bench like Ctrl-C: every process that it started is ended first."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    yield


if __name__ == "__main__":
    with _ended_politely():
        try:
            sys.exit(main())
        except KeyboardInterrupt:
            sys.exit(130)
