"""Making the subscriber table out of an operator's file.

The new table is made whole beside the old one, flushed, and renamed into place, so a lookup sees the old or the new and
nothing between. By default one wrong row keeps the old table: an operator's file with a mistake is sent back, and no
caller is lost to a table with holes. Bound by the processor (some 65,000 rows a second): call it in a worker process.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from config.problem import Problem
from config.state import flush_folder
from gis.datum import Datum
from gis.number import NumberPlan
from gis.subscriber import TABLE, VERSION, SubscribersUnreadable, about
from gis.subscriber_csv import CannotRead, Row, rows

MOST_PROBLEMS = 100
"""Told of one file; all are counted."""

_INSERT = "INSERT INTO subscriber VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_FIRST = "SELECT row FROM subscriber WHERE number = ?"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file."""

    done: bool
    """Whether the table is the new one."""
    rows: int
    """Good ones."""
    bad: int
    """Wrong ones."""
    problems: tuple[Problem, ...]
    """The first of them, each with its line."""
    sha256: str = ""
    """Of the file as it was before it was read; empty if there was none."""


def import_subscribers(
    csv: Path,
    table: Path,
    now: datetime,
    plan: NumberPlan | None = None,
    datum: Datum = Datum.WGS84,
    *,
    skip_bad: bool = False,
) -> Imported:
    """Make the table; with `skip_bad` of the good rows alone, else only if all are good.

    A file that cannot be read to its end never becomes a table. `now` is UTC. Raises OSError where the table cannot be
    written.
    """
    plan = plan or NumberPlan()
    table.parent.mkdir(parents=True, exist_ok=True)
    making = table.with_name(f".{table.name}.{secrets.token_hex(8)}")
    try:
        with closing(sqlite3.connect(making, isolation_level=None)) as connection:
            # Before its rows are read: a file that becomes another one meanwhile is not what the table says it is of.
            sha256 = _digest(csv) if csv.is_file() else ""
            imported = replace(_filled(connection, rows(csv, plan, datum), csv.name, skip_bad), sha256=sha256)
            if imported.done:
                _sign(connection, csv.name, imported, now, plan, datum)
        if imported.done:
            with making.open("rb+") as stream:
                os.fsync(stream.fileno())
            making.chmod(0o640)
            making.replace(table)
            flush_folder(table.parent)
    except sqlite3.Error as error:
        raise OSError(f"{table}: {error}") from error
    finally:
        making.unlink(missing_ok=True)
    return imported


def is_current(csv: Path, table: Path, plan: NumberPlan | None = None, datum: Datum = Datum.WGS84) -> bool:
    """Whether the table was made of this very file with these settings; raises OSError where the file is missing."""
    try:
        said = about(table)
    except SubscribersUnreadable:
        return False
    return said.get("sha256") == _digest(csv) and said.get("plan") == _settings(plan or NumberPlan(), datum)


def _filled(connection: sqlite3.Connection, read: Iterator[Row | Problem], file: str, skip_bad: bool) -> Imported:
    connection.execute("PRAGMA journal_mode = OFF")  # what is not finished is thrown away
    connection.execute("PRAGMA synchronous = OFF")
    connection.executescript(TABLE)
    connection.execute("BEGIN")
    good = bad = 0
    problems: list[Problem] = []
    readable = True
    try:
        for each in read:
            wrong = each if isinstance(each, Problem) else _insert(connection, each, file)
            if wrong is None:
                good += 1
                continue
            bad += 1
            if len(problems) < MOST_PROBLEMS:
                problems.append(wrong)
    except CannotRead as error:
        # However many rows before it were good: what comes after it is unknown.
        readable = False
        problems.append(error.problem)
    connection.execute("COMMIT")
    done = readable and (bad == 0 or (skip_bad and good > 0))
    return Imported(done, good, bad, tuple(problems))


def _insert(connection: sqlite3.Connection, row: Row, file: str) -> Problem | None:
    lat, lon = row.at or (None, None)
    values = (row.key, row.name, row.address, lat, lon, row.datum, row.radius_m, row.line, row.row)
    try:
        connection.execute(_INSERT, values)
    except sqlite3.IntegrityError:
        (first,) = connection.execute(_FIRST, (row.key,)).fetchone()
        return Problem(file, row.row, 0, "number", f"stands already on line {first}", "repeated")
    return None


def _sign(
    connection: sqlite3.Connection, file: str, imported: Imported, now: datetime, plan: NumberPlan, datum: Datum
) -> None:
    said = {
        "version": str(VERSION),
        "imported": now.astimezone(UTC).isoformat(),
        "file": file,
        "sha256": imported.sha256,
        "plan": _settings(plan, datum),
        "rows": str(imported.rows),
    }
    connection.executemany("INSERT INTO about VALUES (?, ?)", said.items())


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _settings(plan: NumberPlan, datum: Datum) -> str:
    return f"{plan.country} {plan.area} {datum}"
