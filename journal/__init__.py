"""The journal: every fact of the centre, in order, for ever, provable; and the deadlines that must not be forgotten.

Floor 0: knows databases, files and time, nothing of telephones or incidents, and imports nothing else of the house.

The engine, the only writer, opens it once::

    journal = Journal.open(Places(url, spool, key), Registry(types, promises), versions=other_rooms_migrations)

    # decided: committed before anybody acts, with rows of other tables and timers, or not at all
    def pause(unit: Unit) -> None:
        unit.connection.execute(update(seats)...)                      # rows of the room's own tables
        (fact,) = unit.record(Draft.of("SeatPaused", now, subjects={"seat": "seat-01"}, body={"reason": "no answer"}))
        unit.timers.arm(Timer("seat-01:back:17", "seat-back", "seat", "seat-01", due, {}), cause=fact)
    done = await journal.decide(pause)                                 # Committed(value, facts), or a Refusal

    # witnessed: acted on already, journalled behind; never blocks
    start = Draft.of(LogEvent.CALL_START, now, subjects={"call": id}, personal={"number": ani}, id=f"{id}:start")
    journal.witness(start)

    # deadlines: handed out until somebody ends them, with a fact
    for handed in await journal.due(now): ...                          # unit.timers.settle(handed.timer.id, by=fact)

    off = journal.listen(lambda facts: loop.call_soon_threadsafe(push, facts))   # after each commit, in order
    journal.status(); journal.close()

The web process reads, on an engine that can't write::

    engine = read_engine(url)
    facts_after(engine, sequence)         # who has seen N has seen all <= N
    facts_about(engine, "call", id), facts_of(engine, type), facts_named(engine, ids)
    fact_at(engine, sequence), last_sequence(engine)

Others::

    verify(read_engine(url), PublicKey.load(places.public_key), places.heads_file)   # -> Report: sound, first, findings
    audit(engine, now)                    # open promises without a live next deadline
    to_erase(engine, before); unit.erase(sequences, reason, now)                     # retention
    upgrade(url, versions)                # Journal.open does it

`Draft.body` stays for ever and holds nothing about a person; `Draft.personal` can be erased.
"""

from journal.auditor import Neglect, Neglected, audit
from journal.database import read_engine, sqlite_url, write_engine
from journal.error import (
    BadFact,
    BadKey,
    BadTimer,
    BadUrl,
    CommitUnknown,
    DuplicateFact,
    JournalError,
    JournalTrouble,
    NotCommitted,
    Refusal,
    SpoolInUse,
    UnknownType,
)
from journal.fact import Draft, Fact, new_id
from journal.finding import Fault, Finding, Report
from journal.journal import Journal, JournalStatus, Places
from journal.key import PublicKey
from journal.migration import upgrade
from journal.reading import (
    fact_at,
    facts_about,
    facts_after,
    facts_named,
    facts_of,
    known,
    last_of,
    last_sequence,
    newest_about,
    to_erase,
)
from journal.registry import LogEvent, Own, Promise, Registry
from journal.timer import Handed, Timer, TimerState
from journal.unit import Committed, Unit, Work
from journal.verification import verify
from journal.witness import WitnessStatus

__all__ = [
    "BadFact",
    "BadKey",
    "BadTimer",
    "BadUrl",
    "CommitUnknown",
    "Committed",
    "Draft",
    "DuplicateFact",
    "Fact",
    "Fault",
    "Finding",
    "Handed",
    "Journal",
    "JournalError",
    "JournalStatus",
    "JournalTrouble",
    "LogEvent",
    "Neglect",
    "Neglected",
    "NotCommitted",
    "Own",
    "Places",
    "Promise",
    "PublicKey",
    "Refusal",
    "Registry",
    "Report",
    "SpoolInUse",
    "Timer",
    "TimerState",
    "Unit",
    "UnknownType",
    "WitnessStatus",
    "Work",
    "audit",
    "fact_at",
    "facts_about",
    "facts_after",
    "facts_named",
    "facts_of",
    "known",
    "last_of",
    "last_sequence",
    "new_id",
    "newest_about",
    "read_engine",
    "sqlite_url",
    "to_erase",
    "upgrade",
    "verify",
    "write_engine",
]
