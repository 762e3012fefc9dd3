"""The trial Asterisk: Debian's packages, unpacked side by side into the user's cache and started from there.

Layout, below `${XDG_CACHE_HOME:-~/.cache}/liandong/asterisk/`:

    LOCK ID/            one complete Asterisk; it appears by a rename, so it is whole or absent
        root/           the unpacked packages
        asterisk        starts it with its own loader and libraries
        lock.json       what it was made of
    newest-LOCK ID.json a lock made here, because the mirror no longer had the packages of the committed LOCK ID
    work/               what is being made; downloads that are already right are kept there after a break
    busy                held while something is being made; a second set-up waits for it
"""

import fcntl
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import lock, modules
from .closure import IndexedPackage, closure
from .debian import Debian
from .error import WAY_OUT, AsteriskUnusable, CacheUnwritable, ObtainError, PackageDamaged, UnsupportedMachine
from .lock import Lock
from .program import AsteriskProgram, Kind, ask_version, parse_version

MB = 1_000_000
NEEDED_MB = 150  # 17 of packages' index, 21 of packages, 60 unpacked, and room for a later Asterisk to grow


@dataclass(frozen=True)
class Machine:
    """What Debian names after the processor."""

    libraries: str
    """The library folder, below the root."""
    loader: str
    """The dynamic loader's file name in that folder."""


MACHINES = {
    "amd64": Machine("usr/lib/x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "arm64": Machine("usr/lib/aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return where trial Asterisks lie; a relative XDG_CACHE_HOME does not count (XDG base directories)."""
    base = Path(environment.get("XDG_CACHE_HOME", ""))
    home = Path(environment["HOME"]) if environment.get("HOME") else Path.home()
    return (base if base.is_absolute() else home / ".cache") / "liandong" / "asterisk"


@dataclass(frozen=True)
class Trial:
    """The trial Asterisks of one user."""

    cache: Path
    architecture: str
    """Debian's name of it; UnsupportedMachine is raised for one without a row in MACHINES."""
    environment: Mapping[str, str]
    progress: Callable[[str], None]
    committed: Path = lock.COMMITTED

    def __post_init__(self) -> None:
        if self.architecture not in MACHINES:
            known = " and ".join(MACHINES)
            raise UnsupportedMachine(
                f"there is a trial Asterisk for {known} only, this is {self.architecture}. {WAY_OUT}"
            )

    def ready(self) -> AsteriskProgram | None:
        """Return the one that is already unpacked, or None; one that no longer starts does not count."""
        for path in (self.committed, self._newest_path()):
            locked = lock.read(path, self.architecture)
            if locked is None or not (self.cache / locked.id).is_dir():
                continue
            try:
                return self._program(self.cache / locked.id)
            except AsteriskUnusable as error:
                self.progress(f"The unpacked Asterisk is damaged: {error}")
        return None

    def make(self) -> AsteriskProgram:
        """Unpack one from the locked packages or, if the mirror no longer has them, from its newest.

        Raises an ObtainError when that is not possible; nothing half-made is left where `ready` looks.
        """
        with self._busy() as held:
            # Another set-up may have finished while this one waited.
            return self.ready() or self._program(self._make(held))

    def relock(self) -> Lock:
        """Return a lock of the mirror's newest packages, after proving that they are enough."""
        with self._busy() as held:
            source = self._source(held)
            source.update()
            locked = _newest(source.index(), self.architecture)
            self._unpack(source, locked, self.cache / locked.id)
            shutil.rmtree(source.folder)
            return locked

    def _make(self, held: tuple[int, ...]) -> Path:
        """Download, unpack, check, and rename into place."""
        source = self._source(held)
        self.progress("Reading the package index of this machine's Debian mirror")
        source.update()
        index = source.index()
        locked = lock.read(self.committed, self.architecture)
        if locked is None or _gone(locked, index):
            locked = _newest(index, self.architecture)
            path = self._newest_path()
            self.progress(f"The mirror no longer has the locked packages; its newest are taken and locked in {path}")
            lock.write(path, [locked])
        final = self.cache / locked.id
        made = self._unpack(source, locked, final)
        if final.exists():
            final.rename(source.folder / "damaged")
        made.rename(final)
        shutil.rmtree(source.folder)
        return final

    def _unpack(self, source: Debian, locked: Lock, final: Path) -> Path:
        """Return a new folder with a whole Asterisk that is right as soon as it is renamed to `final`."""
        packages = source.folder / "packages"
        packages.mkdir(exist_ok=True)
        count, size = len(locked.packages), locked.size / MB
        self.progress(f"Downloading Asterisk for {self.architecture}: {count} packages, {size:.0f} MB")
        files = source.download(locked.packages, packages)
        self.progress(f"Unpacking Asterisk {_version(locked)}")
        new = source.folder / "new"
        shutil.rmtree(new, ignore_errors=True)
        root = new / "root"
        root.mkdir(parents=True)
        for file in files.values():
            source.unpack(file, root)
        for name in ("bin", "sbin", "lib", "lib64"):
            # The links of Debian's base-files, which is not unpacked.
            if not (root / name).exists():
                (root / name).symlink_to(f"usr/{name}")
        place = MACHINES[self.architecture]
        libraries = root / place.libraries
        modules.check(root / "usr/sbin/asterisk", libraries / "asterisk/modules", libraries)
        wrapper = new / "asterisk"
        wrapper.write_text(_wrapper(final, place), "utf-8")
        wrapper.chmod(0o755)
        lock.write(new / "lock.json", [locked])
        return new

    def _program(self, folder: Path) -> AsteriskProgram:
        root = folder / "root"
        return AsteriskProgram(
            Kind.TRIAL,
            ask_version(folder / "asterisk"),
            (str(folder / "asterisk"),),
            root / MACHINES[self.architecture].libraries / "asterisk/modules",
            root / "usr/share/asterisk",
        )

    def _newest_path(self) -> Path:
        """Return where a lock made here lies, named for the committed one that it stands in for."""
        committed = lock.read(self.committed, self.architecture)
        return self.cache / f"newest-{committed.id if committed else self.architecture}.json"

    def _source(self, held: tuple[int, ...]) -> Debian:
        folder = self.cache / "scratch" / self.architecture
        folder.mkdir(parents=True, exist_ok=True)
        return Debian(folder, self.environment, self.architecture, held)

    @contextmanager
    def _busy(self) -> Iterator[tuple[int, ...]]:
        """Let one set-up at a time work in the cache; the lock ends with the last process that holds it."""
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
            with (self.cache / "busy").open("w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    self.progress("Another set-up is obtaining Asterisk; waiting for it")
                    fcntl.flock(file, fcntl.LOCK_EX)
                yield (file.fileno(),)
        except ObtainError:
            raise
        except OSError as error:
            raise CacheUnwritable(
                f"{self.cache} cannot be written: {error.strerror or error}. It needs {NEEDED_MB} MB; "
                f"XDG_CACHE_HOME names another place. {WAY_OUT}"
            ) from error


def _gone(locked: Lock, index: Mapping[str, IndexedPackage]) -> bool:
    """Tell whether the mirror lacks a locked version.

    Raises PackageDamaged when it has that version with another content, which Debian never does.
    """
    for package in locked.packages:
        found = index.get(package.name)
        if found is None or found.version != package.version:
            return True
        if found.sha256 != package.sha256:
            raise PackageDamaged(
                f"{package.name} {package.version}: the mirror's index says SHA-256 {found.sha256}, "
                f"the lock {package.sha256}. The mirror is not Debian's. {WAY_OUT}"
            )
    return False


def _newest(index: Mapping[str, IndexedPackage], architecture: str) -> Lock:
    return Lock(architecture, tuple(package.locked() for package in closure(index)))


def _version(locked: Lock) -> str:
    return next(parse_version(package.version) for package in locked.packages if package.name == "asterisk")


def _wrapper(folder: Path, place: Machine) -> str:
    """Return the script that starts it: absolute, because `core restart now` runs argv[0] again from anywhere."""
    libraries = folder / "root" / place.libraries
    loader, path, program, itself = (
        shlex.quote(str(part))
        for part in (libraries / place.loader, libraries, folder / "root/usr/sbin/asterisk", folder / "asterisk")
    )
    return (
        "#!/bin/sh\n"
        "# The unpacked Asterisk with the loader and the libraries that were unpacked with it.\n"
        f'exec {loader} --argv0 {itself} --library-path {path} {program} "$@"\n'
    )
