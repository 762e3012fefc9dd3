"""A throw-away PostgreSQL cluster for tests and benches: its own folder, its own socket, no TCP port.

It needs Debian's `postgresql` package (initdb and postgres); `find` says whether it is there. PostgreSQL refuses to
run as root, so for root it runs as Debian's user `postgres`, otherwise as whoever runs the tests.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

START_S = 60
_DATABASES = count(1)


def find() -> Path | None:
    """The folder of the server's programs; None if PostgreSQL isn't installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: -int(each.parent.name))
    named = shutil.which("initdb")
    if named:
        folders.append(Path(named).resolve().parent)
    return next((each for each in folders if (each / "initdb").exists() and (each / "postgres").exists()), None)


class Cluster:
    """A running one."""

    def __init__(self, folder: Path, user: str) -> None:
        self._folder = folder
        self._user = user

    def new_database(self) -> str:
        """The URL of an empty database of its own."""
        name = f"test{os.getpid()}_{next(_DATABASES)}"
        with psycopg.connect(host=str(self._folder), user=self._user, dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql://{self._user}@/{name}?host={self._folder}"


@contextmanager
def cluster(programs: Path) -> Iterator[Cluster]:
    """Start a cluster, with the settings that a real one has, and end it."""
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    as_user = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="ld-pg-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, user)
        data = folder / "data"
        initdb = [programs / "initdb", "--auth=trust", "--encoding=UTF8", "--no-sync", f"--username={user}", "-D", data]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **as_user)
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c max_connections=50"
        control = [programs / "pg_ctl", "-D", data, "-w"]
        start = [*control, "-t", str(START_S), "-o", options, "-l", folder / "log", "start"]
        started = subprocess.run(start, capture_output=True, text=True, cwd=folder, **as_user)
        if started.returncode:
            raise OSError(f"{started.stdout}{started.stderr}{(folder / 'log').read_text()}")
        try:
            yield Cluster(folder, user)
        finally:
            stop = [*control, "-m", "immediate", "stop"]
            subprocess.run(stop, check=True, capture_output=True, cwd=folder, **as_user)
