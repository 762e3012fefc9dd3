"""Fixtures of the journal's tests: the two databases, and an open journal.

A module that wants them says `pytest_plugins = ["tests.journal_fixtures"]`. Without PostgreSQL its half fails: what a
centre is promised is proved on every run.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from journal import Journal, Places, sqlite_url, upgrade
from tests import journal_postgresql
from tests.journal_places import REGISTRY, Clock


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(sqlite_url(tmp_path / "journal.db"), tmp_path / "spool", tmp_path / "head")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(places: Places, clock: Clock) -> Iterator[Journal]:
    """An open journal in SQLite."""
    journal = Journal.open(places, REGISTRY, clock=clock)
    yield journal
    journal.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[journal_postgresql.Cluster]:
    """One cluster for the whole run."""
    with journal_postgresql.cluster() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "each.db")
    cluster: journal_postgresql.Cluster = request.getfixturevalue("postgresql")
    return cluster.new_database()


@pytest.fixture
def url(empty_url: str) -> str:
    """A database of each kind, upgraded."""
    upgrade(empty_url)
    return empty_url


@pytest.fixture
def each_places(empty_url: str, tmp_path: Path) -> Places:
    """Places with each kind of database."""
    return Places(empty_url, tmp_path / "spool", tmp_path / "head")


@pytest.fixture
def locked(places: Places) -> Iterator[Callable[[], None]]:
    """The SQLite database is held by somebody else's write lock from now until this is called."""
    upgrade(places.url)
    other = sqlite3.connect(places.url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield lambda: other.close()
    other.close()
