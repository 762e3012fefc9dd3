"""Ways to a seat, measured beside each other: one Asterisk, one set of seats, windows of calls that go one way each.

Which way new calls go changes from window to window, so that a noisy machine hits all sides alike, while the calls of
the window before are still talked. Both channels of every call are recorded by the shipped handler; the queue's members
too. The first seat that is rung answers at once: what remains is the centre's own time.
"""

from __future__ import annotations

import math
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

from bench.callers import Call
from bench.centre import Centre
from bench.load import Load, Seen, Window
from bench.report import percentile, table
from bench.usage import Usage, resident_mb, usage

BIND = "127.0.0.1"
SEED = 119
HOLD_S = 5.0
LEAD_S = 1.0  # before each window: what rings in it is then its own
SPARE_DEVIATIONS = 3  # seats beyond the mean load, in its standard deviations: one call in 1,000 finds all busy
QUEUES = "bench-"

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


RINGALL = Side("Queue ringall", "bench-ringall")
LEAST_RECENT = Side("Queue leastrecent", "bench-leastrecent")


@dataclass(frozen=True)
class Length:
    """How long a run is."""

    sides: tuple[Side, ...]
    window_s: float
    rounds: int


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
            **{f"cpu_{name}": round(100 * spent / self.used.at, 1) for name, spent in self.used.cpu_s.items()},
            "cpu_machine": round(100 * self.used.machine_s / self.used.at, 1),
        }


@dataclass(frozen=True)
class Measured:
    """What a run of all rates and sides came to."""

    results: tuple[Result, ...]
    memory: dict[float, dict[str, float]]
    """Of each program at each rate, MB."""
    seen: Seen
    kept: dict[str, int]
    """Recordings that are finished, and that are not."""
    calls: tuple[Call, ...]
    """Every call, those of other ways than the sides' too."""

    def of(self, side: Side) -> list[Result]:
        """The results of one side, by rising rate."""
        return [each for each in self.results if each.side == side]

    def figures(self, side: Side) -> dict[str, object]:
        """For the JSON line: one side's figures at each rate."""
        return {f"{each.rate:.0f}": each.figures() for each in self.of(side)}

    @property
    def memory_mb(self) -> dict[str, dict[str, float]]:
        """For the JSON line."""
        return {f"{rate:.0f}": each for rate, each in self.memory.items()}

    def facts(self) -> dict[str, object]:
        """For the JSON line: under which conditions."""
        return {
            "seats": {f"{rate:.0f}": seats_for(rate) for rate in self.memory},
            "hold_s": HOLD_S,
            "arrivals": "Poisson, the same gaps for each side",
            "rtp_sent": self.seen.rtp_sent,
            "rtp_received": self.seen.rtp_received,
            "rtp_late": self.seen.rtp_late,
            "recordings": self.kept,
        }

    def readable(self) -> str:
        """The table, and what is to be known beside it."""
        programs = next(iter(self.memory.values())).keys()
        heads = (
            "calls/s", "way", "calls", "failed", "seat p50", "p99", "answer p50", "p99", "rung", "busy", "again",
            *programs, "machine",
        )  # fmt: skip
        rows = [(f"{each.rate:.0f}", each.side.name, *each.figures().values()) for each in self.results]
        seen, kept = self.seen, self.kept
        voice = 100 * seen.rtp_received / max(1, seen.rtp_sent)
        return "\n".join(
            [
                table(heads, rows),
                "",
                "seat: caller's INVITE to the first seat's INVITE; answer: to the caller's 200; ms. rung: INVITEs to",
                "seats a call; busy: INVITEs to seats that talk; again: callers' messages sent again. Programs: CPU",
                "in % of one core; load is the load generator, machine everything that runs on it.",
                f"Voice: {seen.rtp_sent} packets sent, {voice:.0f} % as many came back; the load generator was late",
                f"with {seen.rtp_late} and left them out.",
                f"Recordings: {kept['finished']} finished, {kept['unfinished']} still to finish or up.",
                *(
                    f"Memory at {rate:.0f} calls/s, MB: "
                    + ", ".join(f"{name} {size:.0f}" for name, size in each.items())
                    for rate, each in self.memory.items()
                ),
                "",
            ]
        )


def run(
    served: Centre,
    generator: Load,
    programs: dict[str, int],
    length: Length,
    rates: Sequence[float],
    ready: Callable[[int], None] = lambda seats: None,
    then: Callable[[], None] = lambda: None,
) -> Measured:
    """Measure every side at every rate. `ready` makes so many seats, which are registered, ready for calls.

    `then` is done in the end, while all seats are still there.
    """
    memory: dict[float, dict[str, float]] = {}
    used: dict[int, Usage] = {}
    for index, rate in enumerate(rates):
        sign_on(served, generator, rate)
        ready(seats_for(rate))
        used |= _measure(generator, programs, length, rate, index)
        memory[rate] = resident_mb(programs)
        print(f"  {rate:.0f} calls/s done", flush=True)
    then()
    calls, seen = generator.drain()
    results = tuple(
        Result(side, rate, tuple(call for call in calls if call.way == way), used[way])
        for way, (rate, side) in enumerate(product(rates, length.sides))
    )
    return Measured(results, memory, seen, recordings(served), tuple(calls))


def seats_for(rate: float) -> int:
    """Seats that a rate needs: the mean number of calls at once, and what it varies by."""
    mean = rate * HOLD_S
    return math.ceil(mean + SPARE_DEVIATIONS * math.sqrt(mean))


def add_queues(served: Centre, sides: Sequence[Side]) -> str:
    """Put the queues beside the shipped dialplan, for this run only; returns Asterisk's version."""
    members = "\n".join(f"member = PJSIP/{seat}" for seat in served.seats)
    for side in sides:
        if side.target.startswith(QUEUES):
            name = side.target.removeprefix(QUEUES)
            served.add("queues.conf", QUEUE.format(name=name, members=members))
            served.add("extensions.conf", DIALPLAN.format(name=name))
    served.add("extensions.conf", MEMBER)
    served.asterisk.console("dialplan reload")
    served.asterisk.console("queue reload all")
    return served.asterisk.console("core show version").split()[1]


def sign_on(served: Centre, generator: Load, rate: float) -> None:
    """Register as many seats as a rate needs, the first ones of the centre."""
    there, wanted = served.present(), seats_for(rate)
    generator.sign_on(served.secrets(served.seats[there:wanted]))
    served.await_present(wanted)


def _measure(generator: Load, programs: dict[str, int], length: Length, rate: float, index: int) -> dict[int, Usage]:
    """One rate, by its index: the sides in turn, once the load is steady.

    Returns what was used on each way; ways are numbered in the order of the results: rates, and in each the sides.
    """
    count = len(length.sides)
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


def told(length: Length) -> str:
    """How long a run is, in words."""
    names = ", ".join(side.name for side in length.sides)
    return f"windows of {length.window_s:g} s, {length.rounds} a way and rate: {names}."


def ended_politely(main: Callable[[], int]) -> None:
    """Run a bench and exit with its code; a SIGTERM ends it like Ctrl-C: all that it started is ended first."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
