"""Witnessed facts: journalled behind, in order, exactly once, whatever the database and the disk do."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from journal import Journal, Own, Places, Refusal, database, facts_after, facts_of, read_engine, write_engine
from journal.spool import Spool
from journal.witness import Witness
from journal.writer import Writer
from tests.journal_places import REGISTRY, WAIT_S, Clock, draft, until

pytest_plugins = ["tests.journal_fixtures"]


def ids(journal: Journal) -> list[str]:
    return [each.id for each in facts_after(journal.reader, 0, most=100_000)]


def test_witnessed_facts_reach_the_journal_in_order(opened: Journal) -> None:
    for number in range(3_000):
        assert opened.witness(draft(number)) is None
    assert opened.wait_behind(WAIT_S)
    assert ids(opened) == [f"fact-{number}" for number in range(3_000)]
    status = opened.status().witness
    assert (status.in_memory, status.spool_bytes, status.lost) == (0, 0, 0)


def test_a_fact_that_is_witnessed_twice_is_one_fact(opened: Journal) -> None:
    for number in (1, 2, 1, 3, 2):
        opened.witness(draft(number))
    assert opened.wait_behind(WAIT_S)
    opened.witness(draft(3))
    assert opened.wait_behind(WAIT_S)
    assert ids(opened) == ["fact-1", "fact-2", "fact-3"]


def test_a_crash_between_spool_and_database_gives_exactly_one_fact(places: Places, clock: Clock) -> None:
    """What the first process had committed and not yet forgotten lies in the spool when the second begins."""
    first = Journal.open(places, REGISTRY, clock=clock)
    for number in range(3):
        first.witness(draft(number))
    assert first.wait_behind(WAIT_S)
    first.close()
    spool = Spool(places.spool)
    spool.append([draft(number) for number in range(1, 6)])
    spool.close()
    second = Journal.open(places, REGISTRY, clock=clock)
    second.witness(draft(6))
    assert second.wait_behind(WAIT_S)
    assert ids(second) == [f"fact-{number}" for number in range(7)]
    second.close()


def test_a_torn_spool_is_told(places: Places, clock: Clock) -> None:
    spool = Spool(places.spool)
    spool.append([draft(1), draft(2)])
    spool.close()
    (file,) = places.spool.iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    journal = Journal.open(places, REGISTRY, clock=clock)
    assert journal.wait_behind(WAIT_S)
    (damage,) = journal.status().witness.damage
    assert damage.torn and damage.file == file.name
    assert ids(journal) == ["fact-1"]
    journal.close()


def test_a_database_that_is_held_by_somebody_stops_nobody(
    places: Places, locked: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer waits in the database; whoever witnesses goes on, and everything is on disk meanwhile."""
    monkeypatch.setattr(database, "BUSY_MS", 60_000)  # who waited for the database would wait for that
    engine = read_engine(places.url)
    witness, writer = unopened(places)
    slowest = 0.0
    for number in range(2_000):
        before = time.perf_counter()
        assert witness.witness(draft(number)) is None
        slowest = max(slowest, time.perf_counter() - before)
    until(lambda: witness.status().in_memory == 0)
    assert witness.status().spool_bytes > 400_000
    assert slowest < WAIT_S
    assert facts_after(engine, 0) == ()
    locked()
    assert witness.wait_empty(WAIT_S)
    assert [each.id for each in facts_after(engine, 0, most=9_999)] == [f"fact-{number}" for number in range(2_000)]
    witness.close()
    writer.close()
    engine.dispose()


def unopened(places: Places, *, memory: int = 10_000, start: bool = True) -> tuple[Witness, Writer]:
    """Witness and writer on a database that is there."""
    writer = Writer(write_engine(places.url), REGISTRY)
    writer.start()
    witness = Witness(writer, Spool(places.spool), REGISTRY, memory=memory, again_s=0.02)
    if start:
        witness.start()
    return witness, writer


def test_memory_is_bounded_and_what_is_lost_is_counted_and_told_in_the_journal(opened: Journal, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "other")
    witness = Witness(opened._writer, spool, REGISTRY, memory=10)
    taken = [witness.witness(draft(number)) for number in range(14)]
    assert taken == [None] * 10 + [Refusal.FULL] * 4
    assert (witness.status().in_memory, witness.status().lost) == (10, 4)
    witness.start()
    assert witness.wait_empty(WAIT_S)
    (told,) = facts_of(opened.reader, Own.FACTS_LOST)
    assert told.body == {"count": 4, "first": draft(10).time, "last": draft(13).time}
    assert ids(opened)[:10] == [f"fact-{number}" for number in range(10)]
    assert witness.status().lost == 4
    witness.close()
    assert witness.witness(draft(99)) is Refusal.CLOSED


FULL_DISK = """
import resource, sys, threading
from datetime import UTC, datetime
from pathlib import Path
from journal import Journal, Places, Refusal, facts_after
from tests.journal_places import REGISTRY, draft
places = Places(sys.argv[1], Path(sys.argv[2]) / "spool", Path(sys.argv[2]) / "head")
journal = Journal.open(places, REGISTRY)
journal.witness(draft(0))
assert journal.wait_behind(30)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, -1))
refused = [journal.witness(draft(number)) for number in range(1, 12_001)]
while journal.status().witness.spool_trouble is None:
    threading.Event().wait(0.01)
print(refused.count(Refusal.FULL), journal.status().witness.in_memory, journal.status().witness.lost)
decision = journal.submit(lambda unit: unit.record(draft(99_999)))
print(type(decision.exception(30)).__name__)
resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
assert journal.wait_behind(60)
found = [each.id for each in facts_after(journal.reader, 0, most=99_999)]
numbers = [int(each.removeprefix("fact-")) for each in found if each.startswith("fact-")]
print(numbers == list(range(len(numbers))), len(numbers), len(found) - len(numbers))
print(journal.submit(lambda unit: unit.record(draft(99_999))).result(30).facts[0].sequence)
journal.close()
"""


def test_a_full_disk_bounds_memory_and_everything_taken_is_journalled_when_there_is_room(
    places: Places, tmp_path: Path
) -> None:
    """Spool and database can't grow by a byte."""
    arguments = [sys.executable, "-c", FULL_DISK, places.url, tmp_path]
    run = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=120)
    first, decision, facts, last = run.stdout.splitlines()
    refused, in_memory, lost = map(int, first.split())
    assert refused == lost and in_memory <= 10_000
    assert decision == "NotCommitted"
    assert facts == f"True {12_001 - lost} {1 if lost else 0}"
    assert int(last) == 12_001 - lost + (1 if lost else 0) + 1


def test_without_room_for_the_spool_facts_go_from_memory_to_the_database(
    places: Places, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.open(places, REGISTRY, clock=clock)
    full = Path("/dev/full")
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] and full.exists()

    def no_room(*_: object) -> None:
        with full.open("wb", buffering=0) as file:
            file.write(b"x")

    journal.witness(draft(0))
    assert journal.wait_behind(WAIT_S)
    monkeypatch.setattr(Spool, "append", no_room)
    for number in range(1, 1_000):
        journal.witness(draft(number))
    assert journal.wait_behind(WAIT_S)
    assert ids(journal) == [f"fact-{number}" for number in range(1_000)]
    trouble = journal.status().witness.spool_trouble
    assert trouble is not None and "No space left" in trouble
    monkeypatch.undo()

    def spooled_again() -> bool:
        journal.witness(draft(1_000))
        return journal.status().witness.spool_trouble is None

    until(spooled_again)
    journal.close()
