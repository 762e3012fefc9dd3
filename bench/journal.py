"""Facts a second into the journal: one a commit, and in groups, on SQLite and PostgreSQL in the same run.

Ways, each on both databases: `single` is one caller that waits for each decision before the next; `callers` is 50 at
once, each waiting for its own, as an engine's tasks do, so that the writer groups them; `witnessed` is the way through
the spool, from the first fact handed in to the last one in the database, memory never full. Each fact has two subjects
and personal data. Then what verification reads a second, and how long after its commit a fact is heard by 50 listeners
of the live feed (`bench.hearing`).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy

from bench import hearing
from bench.report import conclude, machine, percentile, table
from journal import (
    Draft,
    Journal,
    Places,
    PublicKey,
    Refusal,
    Registry,
    last_sequence,
    read_engine,
    sqlite_url,
    verify,
)
from tests import journal_postgresql

CALLERS = 50
WITHIN_S = 120
FLOOR = 400.0
"""Facts a second, decided by many or witnessed: the busiest centre's design peak, 20 calls/s, of 20 facts each."""
GROUPING_PAYS = 2.0
"""Times the rate of one decider that many must reach together, on the same database in the same run."""
HEARD_MS = 20.0
"""99 of 100 facts are heard within this at every listener: the console shows it in the same frame of its screen."""
START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Length:
    """How many facts go each way."""

    single: int
    callers: int
    witnessed: int
    heard_s: float
    """How long facts are told to listeners, at each rate."""


FULL = Length(single=2_000, callers=10_000, witnessed=20_000, heard_s=20)
QUICK = Length(single=300, callers=2_000, witnessed=4_000, heard_s=4)


@dataclass(frozen=True)
class Result:
    """One way on one database."""

    database: str
    way: str
    facts: int
    seconds: float
    waits_ms: tuple[float, ...]
    """From handing in to the answer; none for witnessed facts, which nobody waits for."""

    @property
    def rate(self) -> float:
        """Facts a second."""
        return self.facts / self.seconds

    def figures(self) -> dict[str, object]:
        """For the JSON line."""
        return {
            "facts": self.facts,
            "facts_per_s": round(self.rate),
            "p50_ms": _rounded(percentile(self.waits_ms, 0.50)),
            "p99_ms": _rounded(percentile(self.waits_ms, 0.99)),
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.journal", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds: a fifth of the facts")
    length = QUICK if parser.parse_args(arguments).quick else FULL
    before = machine()
    results: list[Result] = []
    verified: dict[str, object] = {}
    with databases() as urls, tempfile.TemporaryDirectory(prefix="ld-bench-") as folder:
        for name, url in urls.items():
            places = Places(url, Path(folder, name, "spool"), Path(folder, name, "head"))
            Path(folder, name).mkdir(exist_ok=True)
            journal = Journal.open(places, Registry())
            results += asyncio.run(measure(journal, name, length))
            journal.close()
            verified[name] = round(verification(places))
            print(f"  {name} done", flush=True)
    heard = asyncio.run(hearing.measure(length.heard_s, fact))
    print("\n" + readable(results, verified) + "\n" + audible(heard), flush=True)
    sides = {name: {each.way: each.figures() for each in results if each.database == name} for name in urls}
    return conclude(
        "journal",
        quick=length is QUICK,
        figures=sides.pop("sqlite") | {"verified_per_s": verified, "feed": {each.rate: delay(each) for each in heard}},
        beside=sides,
        facts=before
        | {
            "callers": CALLERS,
            "listeners": hearing.LISTENERS,
            "sqlalchemy": sqlalchemy.__version__,
            "durability": "every commit flushed",
        },
        targets=targets(results) | heard_targets(heard),
    )


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """SQLite in a file, and PostgreSQL, both on the disk of the temporary folder."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ld-bench-")))
        sqlite = sqlite_url(folder / "journal.db")
        postgresql = stack.enter_context(journal_postgresql.cluster()).new_database()
        yield {"sqlite": sqlite, "postgresql": postgresql}


async def measure(journal: Journal, database: str, length: Length) -> list[Result]:
    """All ways on one database."""
    await decided(journal, 50, 1)  # connections, caches and the first signed head
    results = []
    for way, count, callers in (("single", length.single, 1), ("callers", length.callers, CALLERS)):
        began = time.perf_counter()
        waits = await decided(journal, count // callers, callers)
        results.append(Result(database, way, count, time.perf_counter() - began, tuple(waits)))
    drafts = [fact(number) for number in range(length.witnessed)]
    began = time.perf_counter()
    await asyncio.to_thread(witnessed, journal, drafts)
    results.append(Result(database, "witnessed", len(drafts), time.perf_counter() - began, ()))
    return results


async def decided(journal: Journal, count: int, callers: int) -> list[float]:
    """So many decisions of each caller, one after the other; returns how long each waited, in ms."""
    waits: list[float] = []

    async def caller() -> None:
        for number in range(count):
            before = time.perf_counter()
            done = await journal.record(fact(number))
            if isinstance(done, Refusal):
                raise RuntimeError(f"the journal refused: {done}")
            waits.append(1000 * (time.perf_counter() - before))

    await asyncio.gather(*(caller() for _ in range(callers)))
    return waits


def witnessed(journal: Journal, drafts: Sequence[Draft]) -> None:
    """All of them through the spool; where memory is full, wait as a bench may and an engine never does."""
    for draft in drafts:
        while journal.witness(draft) is Refusal.FULL:
            time.sleep(0.001)
    if not journal.wait_behind(WITHIN_S):
        raise RuntimeError("witnessed facts did not reach the database")


def fact(number: int) -> Draft:
    """One as a centre has them."""
    return Draft.of(
        "CallStateChangeLogEvent",
        START,
        subjects={"call": f"1732374000.{number}", "seat": f"seat-{number % 12:02d}"},
        body={"from": "offered", "to": "answered", "fence": number},
        personal={"ani": f"1380000{number % 10_000:04d}", "name": "王小明"},
    )


def verification(places: Places) -> float:
    """Facts verified a second; what was measured must be sound as well."""
    engine = read_engine(places.url)
    began = time.perf_counter()
    report = verify(engine, PublicKey.load(places.public_key), places.heads_file)
    seconds = time.perf_counter() - began
    if not report.sound or report.facts != last_sequence(engine):
        raise RuntimeError(f"the journal is not sound after the bench: {report.first}")
    engine.dispose()
    return report.facts / seconds


def targets(results: Sequence[Result]) -> dict[str, bool]:
    """Each target in words, and whether it is met."""
    single = {each.database: each.rate for each in results if each.way == "single"}
    met = {}
    for each in results:
        if each.way != "single":
            met[f"{each.database}: {each.way} at least {FLOOR:.0f} facts/s"] = each.rate >= FLOOR
            pays = each.rate >= GROUPING_PAYS * single[each.database]
            met[f"{each.database}: {each.way} at least {GROUPING_PAYS:.0f} x single"] = pays
    return met


def readable(results: Sequence[Result], verified: dict[str, object]) -> str:
    """The table, and what is to be known beside it."""
    rows = [(each.database, each.way, *each.figures().values()) for each in results]
    return "\n".join(
        [
            table(("database", "way", "facts", "facts/s", "p50 ms", "p99 ms"), rows),
            "",
            f"ms: from handing in to the answer that it is on disk. callers: {CALLERS} at once.",
            *(f"Verified {rate} facts/s on {name}." for name, rate in verified.items()),
            "",
        ]
    )


def delay(heard: hearing.Heard) -> dict[str, object]:
    """From commit to listener, for the JSON line."""
    delays = heard.delays_ms
    return {
        "facts": heard.facts,
        "p50_ms": _rounded(percentile(delays, 0.50)),
        "p99_ms": _rounded(percentile(delays, 0.99)),
        "max_ms": _rounded(max(delays)),
    }


def heard_targets(heard: Sequence[hearing.Heard]) -> dict[str, bool]:
    """Whether facts are heard in time."""
    return {
        f"feed: p99 at most {HEARD_MS:.0f} ms to {hearing.LISTENERS} listeners, {each.rate} facts/s": (
            percentile(each.delays_ms, 0.99) or 0.0
        )
        <= HEARD_MS
        for each in heard
    }


def audible(heard: Sequence[hearing.Heard]) -> str:
    """The table of the feed."""
    rows = [(f"{each.rate}", *delay(each).values()) for each in heard]
    words = (
        f"ms: from commit to each of {hearing.LISTENERS} listeners, through engine's socket, web process, WebSocket.\n"
    )
    return table(("facts/s", "facts", "p50 ms", "p99 ms", "max ms"), rows) + "\n\n" + words


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


if __name__ == "__main__":
    sys.exit(main())
