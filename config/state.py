"""The state directory: the one place where anything is written at run time, and its folders.

Rules: a folder is made with its mode whatever the umask says; the mode of one that is there already is the
operator's and is left alone. Whatever is written whole appears whole: `write_file` renames into place.
"""

from __future__ import annotations

import errno
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

LEAST_FREE_BYTES = 64 * 1024 * 1024
"""Below this nothing is started: 64 MiB is an hour of one call's two legs, and what logs and configuration need."""

_PROBE = b"\0" * 4096
"""One block: what a disk with a byte left no longer takes."""


class StateError(OSError):
    """The state directory, or something in it, cannot be used. `str()` is one line that names the way out."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class State:
    """A state directory. `State.open(path)` makes what is missing; the constructor touches nothing."""

    path: Path

    @property
    def run(self) -> Path:
        """Sockets, pid files, `ports.json`: what is true only while something runs."""
        return self.path / "run"

    @property
    def secrets(self) -> Path:
        """Generated secrets, one a file; nobody but the owner enters."""
        return self.path / "secrets"

    @property
    def log(self) -> Path:
        """Logs, call detail records and channel events."""
        return self.path / "log"

    @property
    def asterisk(self) -> Path:
        """Asterisk's configuration as rendered, and its own database, keys and spool."""
        return self.path / "asterisk"

    @property
    def recordings(self) -> Path:
        """Audio, its evidence and the captures not yet finished."""
        return self.path / "recordings"

    @classmethod
    def open(cls, path: Path, least_free_bytes: int = LEAST_FREE_BYTES) -> State:
        """Make the directory and its folders where they are missing, and prove that they can be written.

        The path becomes absolute. Raises StateError: `state_is_file`, `state_denied`, `state_full`, `state_broken`.
        """
        state = cls(path.absolute())
        _make(state.path, 0o750)
        for folder in (state.run, state.log, state.asterisk, state.recordings):
            _make(folder, 0o750)
        _make(state.secrets, 0o700)
        for folder in (state.run, state.secrets, state.log, state.asterisk, state.recordings):
            _probe(folder)
        if state.free_bytes() < least_free_bytes:
            free, least = (round(number / 2**20) for number in (state.free_bytes(), least_free_bytes))
            raise StateError("state_full", f"{state.path}: {free} MiB of disk are free, at least {least} are needed")
        return state

    def free_bytes(self) -> int:
        """Disk space that is left to this process where the state lies, in bytes."""
        try:
            disk = os.statvfs(self.path)
        except OSError as error:
            raise state_error(error, self.path) from error
        return disk.f_bavail * disk.f_frsize


def state_error(error: OSError, path: Path) -> StateError:
    """What the system says about a path of the state directory, in our words."""
    match error.errno:
        case errno.EEXIST | errno.ENOTDIR:
            return StateError("state_is_file", f"{path}: a file stands where a folder is needed")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return StateError("state_denied", f"{path}: no permission to write here; change it, or use another --state")
        case errno.ENOSPC | errno.EDQUOT:
            return StateError("state_full", f"{path}: the disk is full")
        case _:
            return StateError("state_broken", f"{path}: {error.strerror or error}")


def write_file(path: Path, data: bytes, mode: int = 0o640) -> None:
    """Write a file whole or not at all, flushed to disk: readers see the old content or the new, nothing between.

    Raises StateError; the folder must be there.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        write_new(temporary, data, mode)
        try:
            temporary.replace(path)
        except BaseException:
            temporary.unlink()
            raise
        flush_folder(path.parent)
    except OSError as error:
        raise state_error(error, path) from error


def write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a file that must not be there yet, flushed to disk; nothing is left of it if that fails."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, mode)
            stream.write(data)
            stream.flush()
            os.fsync(descriptor)
    except BaseException:
        path.unlink()
        raise


def flush_folder(folder: Path) -> None:
    """Make the names in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make(folder: Path, mode: int) -> None:
    try:
        folder.mkdir(mode, parents=True)
        folder.chmod(mode)
    except FileExistsError as error:
        if not folder.is_dir():
            raise state_error(error, folder) from error
    except OSError as error:
        raise state_error(error, folder) from error


def _probe(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(_PROBE)
    except OSError as error:
        raise state_error(error, folder) from error
