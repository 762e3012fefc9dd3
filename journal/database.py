"""The database: one engine that writes, one that reads; SQLite or PostgreSQL by the URL and nothing else.

SQLite: WAL, so that readers never block the writer; `synchronous=FULL`, because a commit that a power cut can undo is
no commit; `BEGIN IMMEDIATE`, because a transaction that reads first and writes later loses updates; `secure_delete`,
because erased personal data must not stay in free pages. A reader's connection can't write at all, and reads in short
transactions: one that is left open keeps the WAL growing.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from journal.error import BadUrl

BUSY_MS = 5_000
"""How long a writer waits for another process's write lock. Only maintenance tools ever hold it."""
WAL_BYTES = 16 * 1024 * 1024
"""The WAL is folded into the database and cut to nothing when it has grown to this: four times SQLite's own mark,
so it happens only when readers kept SQLite's own checkpoint from starting over."""
TRUNCATE_WAIT_MS = 100
"""How long that waits for readers to end; they hold a snapshot for a few ms."""
_FILE_MODE = 0o640
_SQLITE = {"timeout": BUSY_MS / 1000, "check_same_thread": False}
_HIDDEN: Any = {"hide_parameters": True}
"""No error tells what was to be written: its text goes into logs and answers, and may be about a person."""


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite database in a file."""
    return URL.create("sqlite", database=str(path.absolute())).render_as_string()


def write_engine(url: str) -> Engine:
    """The engine that writes. Raises BadUrl; the database itself is not touched before the first use."""
    parsed = _parsed(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed, pool_pre_ping=True, **_HIDDEN)
    path = Path(str(parsed.database))
    engine = create_engine(parsed, connect_args=_SQLITE, **_HIDDEN)

    def prepared(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None  # Python's own BEGIN comes too late and is not IMMEDIATE
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            f"busy_timeout={BUSY_MS}",
            f"journal_size_limit={WAL_BYTES}",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    def created(*_: Any) -> None:
        # Made before SQLite makes it with everybody's rights; the WAL takes its mode from it. What is wrong with the
        # path, SQLite says in a moment, as an error of the database.
        with suppress(OSError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE))

    event.listen(engine, "do_connect", created)
    event.listen(engine, "connect", prepared)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def read_engine(url: str, *, settled: bool = False) -> Engine:
    """The engine that only reads; the database refuses its writes. Raises BadUrl.

    `settled` says that nobody writes to a SQLite file and that it has no WAL: then nothing is made beside it either.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "postgresql":
        options = "-c default_transaction_read_only=on"
        return create_engine(parsed, pool_pre_ping=True, connect_args={"options": options}, **_HIDDEN)
    path = Path(str(parsed.database)).absolute()
    uri = URL.create("sqlite", database=f"{path.as_uri()}", query={"mode": "ro", "uri": "true"})
    if settled:
        uri = uri.update_query_dict({"immutable": "1"})
    engine = create_engine(uri, connect_args=_SQLITE, **_HIDDEN)

    def prepared(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA query_only=ON").close()

    event.listen(engine, "connect", prepared)
    event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """One unchanging sight of the database for who compares tables; to be left soon.

    Text that is no UTF-8, which only somebody else can have put there, comes with lone surrogates.
    """
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            yield connection
        return
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        try:
            yield connection
        finally:
            driver.text_factory = str


def tidy(engine: Engine) -> bool:
    """Cut SQLite's WAL to nothing if it has grown; False if readers, or the disk, were in the way: try again later."""
    if engine.dialect.name != "sqlite":
        return True
    try:
        if Path(f"{engine.url.database}-wal").stat().st_size < WAL_BYTES:
            return True
        raw = engine.raw_connection()
    except FileNotFoundError:
        return True
    except (OSError, SQLAlchemyError):
        return False
    try:
        cursor = raw.cursor()
        cursor.execute(f"PRAGMA busy_timeout={TRUNCATE_WAIT_MS}")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy = cursor.fetchall()[0][0]
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        return not busy
    except sqlite3.Error:
        raw.invalidate()
        return False
    finally:
        raw.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise BadUrl("this is no URL of a database, such as sqlite:////path/journal.db") from error
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return parsed.set(drivername="sqlite+pysqlite")
        case "postgresql":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise BadUrl(f"{other}: SQLite in a file and PostgreSQL are possible")
