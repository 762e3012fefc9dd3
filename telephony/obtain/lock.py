"""The lock: exactly which packages make up the trial Asterisk, by name, version and SHA-256.

The committed one is `lock.json` beside this file; `python -m telephony.obtain --relock` writes it. A second one
is written into the cache when the mirror no longer has the committed versions.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from .error import LockUnreadable

FORMAT = 1
COMMITTED = Path(__file__).with_name("lock.json")


@dataclass(frozen=True, order=True)
class LockedPackage:
    """One .deb file."""

    name: str
    version: str
    """Debian's version, with its epoch."""
    sha256: str
    """Of the file, 64 hexadecimal digits."""
    size: int
    """Of the file, bytes."""


@dataclass(frozen=True)
class Lock:
    """The packages of one architecture."""

    architecture: str
    """Debian's name for it, such as `amd64`."""
    packages: tuple[LockedPackage, ...]

    @property
    def id(self) -> str:
        """Names the content: the same packages always get the same id, other ones another."""
        lines = [f"{p.name} {p.version} {p.sha256}" for p in sorted(self.packages)]
        return hashlib.sha256("\n".join([self.architecture, *lines]).encode()).hexdigest()[:16]

    @property
    def size(self) -> int:
        """Of the whole download, bytes."""
        return sum(package.size for package in self.packages)


def read(path: Path, architecture: str) -> Lock | None:
    """Return the lock for one architecture, or None when the file or its part for it does not exist.

    Raises LockUnreadable when the file is there and is no lock of this format.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["format"] != FORMAT:
            raise LockUnreadable(f"{path}: lock format {content['format']!r}, this version reads {FORMAT}")
        entries = content["architectures"].get(architecture)
        if entries is None:
            return None
        return Lock(architecture, tuple(LockedPackage(**entry) for entry in entries))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LockUnreadable(f"{path}: not a lock file ({error}). Delete it, or restore it from git") from error


def write(path: Path, locks: list[Lock]) -> None:
    """Write the locks into one file, whole or not at all."""
    content = {
        "format": FORMAT,
        "architectures": {lock.architecture: [asdict(package) for package in sorted(lock.packages)] for lock in locks},
    }
    new = path.with_name(path.name + ".new")
    new.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    new.replace(path)
