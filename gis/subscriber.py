"""Who a number belongs to and where that line ends: a table that an operator gives, asked while the telephone rings.

The table is one SQLite file that `gis.subscriber_import` made whole and renamed into place. It never changes, so it is
read without locks; when another one has taken its name, the next question is asked of that one. A lookup takes some ten
microseconds, also among millions.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from gis.datum import Datum, LatLon

VERSION = 1
"""Of the file's form; one of another version is made anew."""

TABLE = """
CREATE TABLE subscriber (
    number TEXT PRIMARY KEY,   -- the key of gis.number
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    lat REAL, lon REAL,        -- WGS-84; null where only the address is known
    datum TEXT NOT NULL,       -- in which they came
    radius_m REAL NOT NULL,
    line TEXT NOT NULL,        -- fixed or mobile
    row INTEGER NOT NULL       -- line of the file that it came from
) WITHOUT ROWID;
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

_FIND = "SELECT name, address, lat, lon, datum, radius_m, line FROM subscriber WHERE number = ?"


class LineKind(StrEnum):
    """What a number leads to."""

    FIXED = "fixed"
    """A line that ends at its address."""
    MOBILE = "mobile"
    """A telephone that somebody carries; the address is where the bill goes."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One row of the table."""

    number: str
    """The key: country code and national number."""
    name: str
    address: str
    at: LatLon | None
    """WGS-84; None where only the address is known."""
    datum: Datum
    """In which the place came."""
    radius_m: float
    """How far from it the line may end."""
    line: LineKind
    imported: datetime
    """When the table was made, UTC: that old the row may be."""


class SubscribersUnreadable(OSError):
    """The table is missing or damaged. `str()` is one line."""

    code = "subscribers_unreadable"


class SubscriberTable(Protocol):
    """Where subscribers are looked up; `gis.testing` has one in memory."""

    def find(self, key: str) -> Subscriber | None:
        """The subscriber with this key, if there is one; raises SubscribersUnreadable."""
        ...


class Subscribers:
    """The table in a file, which may appear, change and vanish at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._connection: sqlite3.Connection | None = None
        self._imported = datetime.min.replace(tzinfo=UTC)

    def find(self, key: str) -> Subscriber | None:
        """The subscriber with this key, if there is one; raises SubscribersUnreadable."""
        connection = self._open()
        try:
            row = connection.execute(_FIND, (key,)).fetchone()
            if row is None:
                return None
            name, address, lat, lon, datum, radius_m, line = row
            at = None if lat is None or lon is None else LatLon(lat, lon)
            return Subscriber(key, name, address, at, Datum(datum), radius_m, LineKind(line), self._imported)
        except (sqlite3.Error, ValueError, TypeError) as error:
            self.close()
            raise SubscribersUnreadable(f"{self._path.name}: {error}") from error

    def close(self) -> None:
        """Let go of the file; the next question opens it again."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._seen = None

    def _open(self) -> sqlite3.Connection:
        try:
            stat = self._path.stat()
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if self._connection is not None and seen == self._seen:
                return self._connection
            self.close()
            connection, imported = _opened(self._path)
        except OSError as error:
            self.close()
            raise SubscribersUnreadable(f"{self._path.name}: {error.strerror or error}") from error
        except (sqlite3.Error, ValueError) as error:
            raise SubscribersUnreadable(f"{self._path.name}: {error}") from error
        self._connection, self._imported, self._seen = connection, imported, seen
        return connection


def about(path: Path) -> dict[str, str]:
    """What a table says about itself: `version`, `imported`, `file`, `sha256`, `plan`, `rows`.

    Raises SubscribersUnreadable.
    """
    try:
        connection, _ = _opened(path)
    except (OSError, sqlite3.Error, ValueError) as error:
        raise SubscribersUnreadable(f"{path.name}: {error}") from error
    try:
        return dict(connection.execute("SELECT key, value FROM about").fetchall())
    finally:
        connection.close()


def _opened(path: Path) -> tuple[sqlite3.Connection, datetime]:
    # Immutable: no lock is taken and no journal looked for, because whoever makes a new table renames it into place.
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
    try:
        said = dict(connection.execute("SELECT key, value FROM about").fetchall())
        if said.get("version") != str(VERSION):
            raise ValueError(f"a table of version {said.get('version')}; this program reads {VERSION}")
        return connection, datetime.fromisoformat(said["imported"]).astimezone(UTC)
    except (sqlite3.Error, ValueError, KeyError) as error:
        connection.close()
        raise ValueError(str(error)) from error
