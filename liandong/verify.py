"""`liandong verify`: is everything that was kept still what it was?

It only reads: on a centre that serves, beside the engine that writes; on a copy of a state directory that can't be
written, too.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from config.state import State as StateFolder
from config.state import StateError
from journal import PublicKey, Report, read_engine, sqlite_url
from journal import verify as verify_facts
from journal.heads_file import HeadsFile
from liandong.lock import Role, holder
from liandong.places import database, journal_places
from recordings.verification import State, Verdict
from recordings.verification import verify as verify_recordings


def verify(state: Path) -> int:
    """Check every recording and every fact; 1 if anything is damaged."""
    folder = StateFolder(state.absolute())
    if not folder.recordings.is_dir():
        raise StateError(
            "state_missing", f"{folder.recordings}: there are no recordings here; name the folder with --state"
        )
    recordings = _recordings(folder)
    journal = _journal(folder)
    return 0 if recordings and journal else 1


def _recordings(folder: StateFolder) -> bool:
    report = verify_recordings(folder.recordings, _tell)
    print(
        f"recordings: {report.ok} ok, {report.damaged} damaged, {report.unfinished} not finished yet"
        + (f", {report.leftover} left over" if report.leftover else "")
    )
    return report.sound


def _tell(verdict: Verdict) -> None:
    if verdict.state is not State.OK:
        print(f"{verdict.state}: {verdict.path}: {verdict.text}")


def _journal(folder: StateFolder) -> bool:
    places, file = journal_places(folder), database(folder)
    signed = places.heads_file.exists() and places.heads_file.stat().st_size > 0
    if not signed and not _is_begun(folder):
        print("journal: none yet")
        return True
    if not file.exists():
        print(f"damaged: {file}: is gone; heads are signed until {HeadsFile(places.heads_file).last()}")
        return False
    if not places.public_key.exists():
        print(f"damaged: {places.public_key}: is gone; without it nothing in the journal can be proved")
        return False
    try:
        report = _verified(folder)
    except SQLAlchemyError as error:
        print(f"damaged: {file}: " + str(error).partition("\n")[0])
        return False
    _tell_facts(report)
    return report.sound


def _tell_facts(report: Report) -> None:
    for finding in report.findings:
        print(f"damaged: journal: {finding}")
    more = report.faults - len(report.findings)
    erased = f", personal data of {report.erased} erased" if report.erased else ""
    what = "facts ok" if report.sound else f"facts, {report.faults} findings" + (f" ({more} not shown)" if more else "")
    print(f"journal: {report.facts} {what}, signed until {report.signed}{erased}")


def _verified(folder: StateFolder) -> Report:
    settled = _is_settled(folder)
    try:
        report = _verify(folder)
    except SQLAlchemyError:
        if not settled or _is_settled(folder):
            raise
    else:
        if report.sound or not settled or _is_settled(folder):
            return report
    return _verify(folder)  # an engine began to write in the middle of the first look


def _verify(folder: StateFolder) -> Report:
    places = journal_places(folder)
    with _reading(folder) as engine:
        return verify_facts(engine, PublicKey.load(places.public_key), places.heads_file)


def _is_begun(folder: StateFolder) -> bool:
    """Whether the database is there and was ever made; whatever can't be read may have been."""
    if not database(folder).exists():
        return False
    try:
        with _reading(folder) as engine:
            return inspect(engine).has_table("journal_head")
    except SQLAlchemyError:
        return True


@contextmanager
def _reading(state: StateFolder) -> Iterator[Engine]:
    """The database where it can be read, and nothing is left beside it.

    What an engine writes, or one that was killed has left, SQLite reads only with files of its own beside it; in a
    folder that can't be written, a copy is read.
    """
    file, settled = database(state), _is_settled(state)
    with tempfile.TemporaryDirectory(prefix="liandong-verify-") as folder:
        if not settled and not os.access(file.parent, os.W_OK):
            for each in (file, _wal(file)):
                if each.exists():
                    shutil.copy(each, folder)
            file = Path(folder) / file.name
        engine = read_engine(sqlite_url(file), settled=settled)
        try:
            yield engine
        finally:
            engine.dispose()


def _is_settled(state: StateFolder) -> bool:
    """Whether nobody writes, and all that was written is in the database's own file."""
    wal = _wal(database(state))
    return holder(state.run, Role.ENGINE) is None and not (wal.exists() and wal.stat().st_size)


def _wal(file: Path) -> Path:
    return file.with_name(f"{file.name}-wal")
