"""Makes and changes the tables, by Alembic, from the first one on; `upgrade` is run by code at every start.

Each room above keeps its own line of versions in a folder of its own, with a branch label of its own and a first
version that may depend on the journal's (`depends_on`); `upgrade` takes those folders and brings every line to its end.
A version is never edited once it has landed: what is wrong is put right by the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, insert, select, text

from journal.chain import genesis
from journal.database import write_engine
from journal.fact import new_id
from journal.tables import head

VERSIONS = Path(__file__).parent / "versions"
_LOCK = 0x4C69616E  # any number that only this house takes
"""PostgreSQL's advisory lock: two processes that start at once must not both upgrade. SQLite's write lock does it."""


def upgrade(url: str, more: Sequence[Path] = ()) -> None:
    """Bring a database, empty or of any older version, to the newest; does nothing if it is there.

    All of it is one transaction. `more` are the folders of other rooms' versions. Raises BadUrl, and SQLAlchemyError
    or Alembic's CommandError when the database is unreachable, or newer than this program.
    """
    engine = write_engine(url)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            command.upgrade(_config(connection, more), "heads")
            if connection.scalar(select(head.c.id)) is None:
                journal = new_id()
                row = {"id": 1, "journal": journal, "sequence": 0, "hash": genesis(journal)}
                connection.execute(insert(head), [row])
    finally:
        engine.dispose()


def _config(connection: Connection, more: Sequence[Path]) -> Config:
    config = Config()
    config.set_main_option("script_location", _plain(VERSIONS.parent))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(_plain, (VERSIONS, *more))))
    config.attributes["connection"] = connection
    return config


def _plain(path: Path) -> str:
    """A path as a value of a configuration in which % begins a reference."""
    return str(path.absolute()).replace("%", "%%")
