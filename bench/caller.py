"""Who calls: the history of a number among a million calls, on SQLite and PostgreSQL in the same run.

A million calls of 200,000 numbers over three years, one number with 20,000 of them, and 20,000 incidents are put
straight into the tables; asked for are numbers at random, that one, and one that nobody knows, each with its incidents
and its nuisance score. The same question to the journal's own texts, without the table, is measured beside on some of
the calls. Then: how fast the table follows the journal, and how long an incident's deed takes to be on disk.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import sqlalchemy
from sqlalchemy import Engine, select, text

from bench.report import conclude, machine, percentile, table
from intake import fact
from intake.edge.writing import TYPES as CALL_TYPES
from intake.edge.writing import answered_id, draft_of, end_id, start_id
from intake.history import Follower, number_history
from intake.history.reading import MOST_CALLS
from intake.incident import (
    TYPES,
    Book,
    Box,
    Catalogue,
    Content,
    Create,
    Incident,
    IncidentState,
    LinkedCall,
    Spot,
    Who,
    reading,
    rows,
)
from intake.migration import VERSIONS
from intake.number import NumberForm
from intake.tables import caller_calls, incident_calls, incident_days, incident_numbers, incidents
from journal import Draft, Journal, Places, Registry, Unit, sqlite_url, write_engine
from journal.instant import to_text
from journal.tables import personal
from tests import journal_postgresql

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
FORM = NumberForm(area="025")
OFTEN = "13900000000"
"""The number with very many calls."""
UNKNOWN = "13999999999"
ASKED_MS = 50.0
"""99 % of histories are read within this: a third of the time that the way from the ring to the screen may take."""
DEED_MS = 100.0
"""99 % of deeds of one person at a time are on disk within this."""
KEEPS_UP = 800.0
"""Facts a second into the table: twice the busiest centre's 400."""


@dataclass(frozen=True)
class Size:
    """How much there is, and how often it is asked."""

    calls: int
    often: int
    incidents: int
    asked: int
    journalled: int
    deeds: int


FULL = Size(calls=1_000_000, often=20_000, incidents=20_000, asked=3_000, journalled=20_000, deeds=500)
QUICK = Size(calls=100_000, often=5_000, incidents=2_000, asked=500, journalled=3_000, deeds=100)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.caller", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="half a minute: a tenth of the calls")
    size = QUICK if parser.parse_args(arguments).quick else FULL
    before = machine()
    found: dict[str, dict[str, float]] = {}
    with databases() as urls, tempfile.TemporaryDirectory(prefix="ld-bench-") as folder:
        for name, url in urls.items():
            places = Places(url, Path(folder, name, "spool"), Path(folder, name, "head"))
            Path(folder, name).mkdir()
            found[name] = measure(places, size)
            print(f"  {name} done", flush=True)
    print("\n" + readable(found, size), flush=True)
    return conclude(
        "caller",
        quick=size is QUICK,
        figures=found["sqlite"],
        beside={"postgresql": found["postgresql"]},
        facts=before | {"calls": size.calls, "incidents": size.incidents, "sqlalchemy": sqlalchemy.__version__},
        targets=targets(found),
    )


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """SQLite in a file, and PostgreSQL, both on the disk of the temporary folder."""
    with tempfile.TemporaryDirectory(prefix="ld-bench-") as folder, journal_postgresql.cluster() as cluster:
        yield {"sqlite": sqlite_url(Path(folder) / "journal.db"), "postgresql": cluster.new_database()}


def measure(places: Places, size: Size) -> dict[str, float]:
    """Everything on one database."""
    journal = Journal.open(places, Registry(TYPES | CALL_TYPES), versions=[VERSIONS])
    try:
        figures = follow(journal, size)
        fill(places.url, size)
        figures |= ask(journal.reader, size)
        return figures | do(journal, size)
    finally:
        journal.close()


def follow(journal: Journal, size: Size) -> dict[str, float]:
    """How fast the table follows, and what the same question costs without it."""
    facts = 0
    for start in range(0, size.journalled, 500):
        drafts = [each for number in range(start, start + 500) for each in call_facts(number)]
        facts += len(drafts)
        journal.submit(lambda unit, drafts=drafts: unit.record_once(drafts)).result(60)  # type: ignore[union-attr, misc]
    began = time.perf_counter()
    if not asyncio.run(Follower(journal, FORM).catch_up()):
        raise RuntimeError("the table did not follow")
    followed = facts / (time.perf_counter() - began)
    looked = times(lambda: look(journal.reader, number_of(7)), 5)
    return {
        "followed_per_s": round(followed),
        "without_table_ms": ms(looked, 0.5),
        "without_table_calls": size.journalled,
    }


def call_facts(number: int) -> list[Draft]:
    """A call as the engine journals it."""
    call, at = f"j{number}", NOW - timedelta(days=1200, seconds=-number)
    return [
        draft_of(fact.CallArrived(call, "119", number_of(number)), at, id=start_id(call)),
        draft_of(fact.CallAnswered(call, "seat-01", "li-na", 3.2, False), at, id=answered_id(call, "x")),
        draft_of(fact.CallEnded(call, True, 60.0), at, id=end_id(call)),
    ]


def look(engine: Engine, number: str) -> int:
    """The calls of a number, by a look through the erasable part of all facts."""
    with engine.connect() as connection:
        return len(connection.execute(select(personal.c.sequence).where(personal.c.text.contains(number))).all())


def number_of(number: int) -> str:
    """One of 200,000 mobile numbers."""
    return f"138{number * 7_919 % 200_000:08}"


def fill(url: str, size: Size) -> None:
    """The calls and the incidents, without their facts: a day's work of a journal in a minute."""
    engine = write_engine(url)
    random = Random(1)
    template = _template()
    for start in range(0, size.calls, 10_000):
        made = []
        for number in range(start, start + 10_000):
            caller = OFTEN if number % (size.calls // size.often) == 0 else number_of(number)
            at = NOW - timedelta(seconds=random.uniform(3_600, 3 * 365 * 86_400))
            row = {"call": f"c{number}", "key": FORM.key(caller), "caller": caller, "called": "119"}
            row |= {
                "arrived_at": to_text(at),
                "answered_at": to_text(at),
                "ended_at": to_text(at + timedelta(seconds=60)),
            }
            made.append({**row, "seat": "seat-01", "person": "li-na"})
        with engine.begin() as connection:
            connection.execute(caller_calls.insert(), made)
    for start in range(0, size.incidents, 1_000):
        with engine.begin() as connection:
            write_incidents(connection, template, range(start, start + 1_000), size)
    with engine.begin() as connection:
        connection.execute(incident_days.insert().values(day="20231125", last=size.incidents))
        if engine.dialect.name == "sqlite":
            connection.execute(text("ANALYZE"))
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


def write_incidents(connection: sqlalchemy.Connection, template: Incident, numbers: range, size: Size) -> None:
    """One for every fiftieth call, one in a hundred still open."""
    records, linked, keys = [], [], []
    for number in numbers:
        caller = number_of(number * 50)
        state = IncidentState.SUBMITTED if number % 100 == 0 else IncidentState.CLOSED
        spot = Spot(31.9 + number % 997 / 2_000, 118.6 + number % 991 / 2_000, "call-taker", NOW)
        content = replace(template.content, callback=caller, spot=spot)
        made = replace(template, id=f"i{number}", number=f"20231125-{number + 1:04}", state=state, content=content)
        records.append(rows._row(made))
        linked.append({"incident": made.id, "call": f"c{number * 50 % size.calls}", "place": 1, "at": to_text(NOW)})
        linked[-1] |= {"by": "li-na", "caller": caller}
        keys.append({"key": FORM.key(caller), "incident": made.id})
    connection.execute(incidents.insert(), records)
    connection.execute(incident_calls.insert(), linked)
    connection.execute(incident_numbers.insert(), keys)


def _template() -> Incident:
    content = Content(type="accident", summary="居民楼三层厨房起火，有浓烟", place="中山路18号")
    call = LinkedCall("c", NOW, "li-na")
    return Incident("i", "20231125-0001", IncidentState.CLOSED, content, NOW, "li-na", NOW, "li-na", calls=(call,))


def ask(engine: Engine, size: Size) -> dict[str, float]:
    """Every question that a screen asks."""
    random = Random(2)
    some = iter([number_of(random.randrange(200_000)) for _ in range(size.asked + 1)])
    known = times(lambda: number_history(engine, FORM.key(next(some)), NOW), size.asked)
    often = times(lambda: number_history(engine, OFTEN, NOW), size.asked // 20)
    unknown = times(lambda: number_history(engine, UNKNOWN, NOW), size.asked // 5)
    if len(number_history(engine, OFTEN, NOW).calls) != MOST_CALLS:
        raise RuntimeError("the number that calls very often is not found")
    found = reading.near(engine, Box.around(32.04, 118.78, 3_000))
    near = times(lambda: reading.near(engine, Box.around(32.04, 118.78, 3_000)), size.asked // 20)
    one = times(lambda: reading.incident(engine, f"20231125-{random.randrange(1, size.incidents):04}"), size.asked // 5)
    opened = times(lambda: reading.open_incidents(engine), size.asked // 20)
    return {
        "history_p50_ms": ms(known, 0.5),
        "history_p99_ms": ms(known, 0.99),
        "history_often_p50_ms": ms(often, 0.5),
        "history_often_p99_ms": ms(often, 0.99),
        "history_unknown_p99_ms": ms(unknown, 0.99),
        "incident_p99_ms": ms(one, 0.99),
        "near_p99_ms": ms(near, 0.99),
        "near_found": len(found),
        "open_page_p99_ms": ms(opened, 0.99),
    }


def do(journal: Journal, size: Size) -> dict[str, float]:
    """A person begins records, one after the other; each is on disk."""
    book, who = Book(Catalogue(), ZoneInfo("Asia/Shanghai"), FORM), Who("li-na", seat="seat-01")
    ids = iter(range(size.deeds + 1))

    def create() -> None:
        number = next(ids)
        changes = {"type": "accident", "summary": "居民楼三层厨房起火", "callback": number_of(number)}

        def work(unit: Unit) -> object:
            return book.do(unit, Create(f"new{number}", changes, f"c{number}"), who, NOW)

        journal.submit(work).result(60)  # type: ignore[union-attr]

    began = times(create, size.deeds)
    return {"create_p50_ms": ms(began, 0.5), "create_p99_ms": ms(began, 0.99)}


def times(what: Callable[[], object], count: int) -> list[float]:
    """How long each of so many took, after one that is not counted."""
    what()
    taken = []
    for _ in range(count):
        before = time.perf_counter()
        what()
        taken.append(1000 * (time.perf_counter() - before))
    return taken


def ms(values: Sequence[float], share: float) -> float:
    """A percentile, for people to read."""
    return round(percentile(values, share) or 0.0, 2)


def targets(found: dict[str, dict[str, float]]) -> dict[str, bool]:
    """Each target in words, and whether it is met."""
    met = {}
    for name, figures in found.items():
        for which in ("history_p99_ms", "history_often_p99_ms", "history_unknown_p99_ms"):
            met[f"{name}: {which} at most {ASKED_MS:.0f}"] = figures[which] <= ASKED_MS
        met[f"{name}: followed_per_s at least {KEEPS_UP:.0f}"] = figures["followed_per_s"] >= KEEPS_UP
        met[f"{name}: create_p99_ms at most {DEED_MS:.0f}"] = figures["create_p99_ms"] <= DEED_MS
    return met


def readable(found: dict[str, dict[str, float]], size: Size) -> str:
    """The table."""
    names = list(found["sqlite"])
    lines = [(name, *(figures[name] for figures in found.values())) for name in names]
    return table((f"{size.calls} calls", *found), lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
