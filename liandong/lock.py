"""Who does what with a state directory right now: locks that die with their holder, whatever kills it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from config.state import StateError


class Role(Enum):
    """What one process at a time may do; the value is the lock's file in the run folder."""

    SERVE = "serve.lock"
    STOP = "stop.lock"
    """While somebody holds it, Asterisk's end is meant."""
    ENGINE = "engine.lock"
    WEB = "web.lock"
    WORKER = "worker.lock"

    @property
    def child(self) -> str:
        """What a child with this role is called, in files' names and to people."""
        return self.name.lower()


CHILDREN = (Role.ENGINE, Role.WEB, Role.WORKER)
"""The processes that the supervisor watches over."""

_TAKEN = {
    Role.SERVE: ("serving_already", "is served already by process {}; `liandong stop` ends it"),
    Role.STOP: ("stopping_already", "is being stopped already by process {}"),
    **{role: ("running_already", f"its {role.child} is process {{}} already") for role in CHILDREN},
}


@contextmanager
def holding(run: Path, role: Role) -> Iterator[None]:
    """Be the one with this role. Raises StateError when another process is."""
    descriptor = os.open(run / role.value, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.pread(descriptor, 20, 0).decode().strip()
            code, message = _TAKEN[role]
            raise StateError(code, f"{run.parent}: {message.format(other)}") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(run: Path, role: Role) -> int | None:
    """The process that has this role, if one does."""
    try:
        descriptor = os.open(run / role.value, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.pread(descriptor, 20, 0) or b"0") or None
    else:
        return None
    finally:
        os.close(descriptor)
