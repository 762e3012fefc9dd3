"""How soon everybody sees it: who calls and from where while it rings, and an incident that was handed over.

Fifty listeners of the live feed, in a process of their own. Callers ring in, ten a second, each with a number in the
table of subscribers; measured is from the caller's INVITE to the message in which a listener first sees that call with
its number and a position. Beside it, in the same run and of the same calls: the first seat's INVITE, which is when a
call-taker's telephone rings. Then a desk hands over incidents with a plan of three departments, one a second;
measured is from sending the request to the fact `IncidentSubmitted`, at every listener. Last, both at once.

Targets, for `ok`: each p99, while nothing else is done, within its limit; no call without its position.
"""

from __future__ import annotations

import argparse
import csv
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import departments
from bench.callers import Call
from bench.centre import TRUNK, Centre, CentreError, centre
from bench.desk import Desk, Submitted
from bench.duty import Manner
from bench.lines import lines
from bench.load import Centre as Target
from bench.load import Load, Window, load
from bench.notes import Noted, notes
from bench.report import Spread, conclude, machine, spread, table
from bench.sides import BIND, SEED, ended_politely
from bench.usage import resident_mb, usage

LISTENERS = 50
RATE = 10.0  # calls a second; New York was designed for 13.9
HOLD_S = 3.0
SEATS = 50
LEAD_S = 3.0
KNOWN = 5_000
"""Numbers of callers that are in the table."""
KNOWN_S = 60.0
CALL_MS = 150.0
SUBMIT_MS = 100.0
SUBMIT_EVERY_S = 1.0  # twenty millions make 3.5 calls a second at their busiest; not every third becomes an incident
CALLS, BOTH = 0, 1


@dataclass(frozen=True)
class Length:
    """How long a run is."""

    calls_s: float
    submissions: int
    both_s: float


FULL = Length(calls_s=30.0, submissions=60, both_s=20.0)
QUICK = Length(calls_s=6.0, submissions=15, both_s=6.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.feed", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a minute: fewer calls, fewer submissions")
    options = parser.parse_args(arguments)
    length = QUICK if options.quick else FULL
    before, begun = machine(), time.monotonic()
    print(f"{LISTENERS} listeners, {RATE:g} callers a second, {SEATS} seats, calls are held {HOLD_S:g} s.", flush=True)
    with lines(TRUNK) as telephones, centre(SEATS, engine=True, change=lambda to: _write(to, telephones.contact)) as it:
        telephones.behave(Manner(ring_s=1.0, keys="1"))
        it.await_ready()
        desk = Desk(it.ports["http"], it.token())
        with load(Target((BIND, it.ports["sip_udp"]), TRUNK, BIND, HOLD_S, 0.5)) as generator:
            generator.sign_on(it.secrets(it.seats))
            it.await_present(SEATS)
            it.sign_in(SEATS)
            _await_known(desk)
            programs = {"asterisk": it.asterisk_pid, "load": generator.pid, "telephones": telephones.pid}
            programs |= it.children()
            with notes(it.ports["http"], it.token(), LISTENERS) as listening:
                programs |= {"listeners": listening.pid}
                marks = [usage(programs)]
                _calls(generator, length.calls_s, CALLS)
                marks.append(usage(programs))
                alone = _submit(desk, length.submissions)
                meanwhile = _both(it, generator, length.both_s)
                memory = resident_mb(programs)
                heard = listening.take()
            calls, _ = generator.drain()
    used = marks[1].since(marks[0])
    ours = [call for call in calls if call.way == CALLS]
    figures = {
        "call": spread(seen(ours, heard)),
        "submit": spread(handed(alone, heard)),
        "both": {
            "call": spread(seen([call for call in calls if call.way == BOTH], heard)),
            "submit": spread(handed(meanwhile, heard)),
        },
        "cpu": {name: round(100 * spent / used.at, 1) for name, spent in used.cpu_s.items()}
        | {"machine": round(100 * used.machine_s / used.at, 1)},
        "memory_mb": memory,
    }
    rung = spread([(call.rung - call.sent) / 1e6 for call in ours if call.rung])
    print("\n" + readable(figures, rung), flush=True)
    call, submit = figures["call"], figures["submit"]
    return conclude(
        "feed",
        quick=options.quick,
        figures=figures,
        beside={"the seat's telephone rings": rung},
        facts=before
        | {
            "listeners": LISTENERS,
            "rate": RATE,
            "seats": SEATS,
            "hold_s": HOLD_S,
            "calls": len(ours),
            "unseen": len(ours) * LISTENERS - int(call["count"] or 0),
            "took_s": round(time.monotonic() - begun, 1),
        },
        targets={
            f"INVITE to number and position on the feed p99 within {CALL_MS:.0f} ms": _within(call, CALL_MS),
            f"submission to the feed p99 within {SUBMIT_MS:.0f} ms": _within(submit, SUBMIT_MS),
            "every call was seen with its position by every listener": call["count"] == len(ours) * LISTENERS,
            "every submission was heard by every listener": submit["count"] == len(alone) * LISTENERS,
        },
    )


def seen(calls: Sequence[Call], heard: Noted) -> list[float]:
    """Of each call at each listener: from its INVITE to being seen with its number and a position, ms."""
    sent = {call.number: call.sent / 1e9 for call in calls}
    shown: dict[int, list[str]] = {}
    for index, message in enumerate(heard.messages):
        if message["kind"] == "live":
            with_place = [call["caller"] for call in message["calls"] if call["caller"] in sent and call["positions"]]
            if with_place:
                shown[index] = with_place
    delays = []
    for ear in heard.heard:
        waiting = dict(sent)
        for at, index in ear:
            for number in shown.get(index, ()):
                since = waiting.pop(number, None)
                if since is not None:
                    delays.append(1e3 * (at - since))
    return delays


def handed(submitted: Sequence[Submitted], heard: Noted) -> list[float]:
    """Of each submission at each listener: from its request to its fact, ms."""
    sent = {each.id: each.sent / 1e9 for each in submitted}
    return [
        1e3 * (at - sent[fact["subjects"]["incident"]])
        for fact, times in heard.facts("IncidentSubmitted")
        if fact["subjects"]["incident"] in sent
        for at in times
    ]


def readable(figures: dict[str, object], rung: Spread) -> str:
    """The table, and what is to be known beside it."""
    both = figures["both"]
    assert isinstance(both, dict)
    rows = [
        ("INVITE to number and position", figures["call"]),
        ("  the same calls: the seat's telephone rings", rung),
        ("submission to its fact", figures["submit"]),
        ("both at once: number and position", both["call"]),
        ("both at once: submission", both["submit"]),
    ]
    cells = [(name, *one.values()) for name, one in rows if isinstance(one, dict)]
    return (
        table(("ms", "heard", "p50", "p90", "p99", "max"), cells)
        + f"\n\nheard: calls or submissions, times {LISTENERS} listeners. CPU at {RATE:g} calls a second, % of a core: "
        + ", ".join(f"{name} {value}" for name, value in _pairs(figures["cpu"]))
        + "\n"
    )


def _calls(generator: Load, seconds: float, way: int) -> None:
    for _ in generator.run([Window(way, "119", RATE, seconds, SEED + way, LEAD_S)]):
        pass


def _submit(desk: Desk, count: int, until: float | None = None) -> list[Submitted]:
    """Hand over so many incidents, each to the next three departments."""
    words, done = random.Random(SEED), []
    for place in range(count):
        if until is not None and time.monotonic() > until:
            break
        draft = desk.draft(departments.group(place), "晨光路12号", departments.fresh(words))
        done.append(desk.submit(draft))
        time.sleep(SUBMIT_EVERY_S)
    return done


def _both(served: Centre, generator: Load, seconds: float) -> list[Submitted]:
    desk, done = Desk(served.ports["http"], served.token()), list[Submitted]()
    for index, _ in enumerate(generator.run([Window(BOTH, "119", RATE, seconds, SEED + BOTH, LEAD_S)])):
        if index == 0:
            done = _submit(desk, 1_000, time.monotonic() + seconds)
    return done


def _await_known(desk: Desk) -> None:
    """Wait until the table of subscribers is there."""
    deadline = time.monotonic() + KNOWN_S
    while not any(fact["type"] == "SubscribersImported" for fact in desk.facts()):
        if time.monotonic() > deadline:
            raise CentreError("the subscribers were not imported")
        time.sleep(0.5)


def _write(folder: Path, contact: str) -> None:
    departments.write(folder, contact)
    with (folder / "subscribers.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("number", "name", "address", "lat", "lon", "datum", "radius_m", "line"))
        for number in range(KNOWN):
            lat, lon = 39.55 + number % 100 / 1000, 85.35 + number // 100 / 1000
            rows.writerow((f"139{number:08d}", "张三", f"晨光路{number}号", lat, lon, "wgs84", 30, "fixed"))


def _within(figures: object, limit_ms: float) -> bool:
    value = figures["p99_ms"] if isinstance(figures, dict) else None
    return isinstance(value, float) and value <= limit_ms


def _pairs(cpu: object) -> list[tuple[str, float]]:
    return list(cpu.items()) if isinstance(cpu, dict) else []


if __name__ == "__main__":
    ended_politely(main)
