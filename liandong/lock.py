"""Who does what with a state directory right now: locks that die with their holder, whatever kills it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from config.state import StateError

SIZE = 20  # bytes of a lock's file: a process number, written in place, which takes no new room


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


def make_room(run: Path) -> None:
    """Make every lock's file with its room, so that a full disk keeps nobody from ending or replacing anybody.

    Raises OSError.
    """
    for role in Role:
        descriptor = os.open(run / role.value, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            size = os.fstat(descriptor).st_size
            os.pwrite(descriptor, b" " * (SIZE - size), size)
        finally:
            os.close(descriptor)


@contextmanager
def holding(run: Path, role: Role) -> Iterator[None]:
    """Be the one with this role. Raises StateError when another process is."""
    descriptor = os.open(run / role.value, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.pread(descriptor, SIZE, 0).decode().strip()
            code, message = _TAKEN[role]
            raise StateError(code, f"{run.parent}: {message.format(other)}") from None
        os.pwrite(descriptor, f"{os.getpid()}\n".rjust(SIZE).encode(), 0)
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
        return int(os.pread(descriptor, SIZE, 0).strip() or b"0") or None
    else:
        return None
    finally:
        os.close(descriptor)
