"""Debian's packages through the machine's own apt, but with an apt state of its own.

Rules: the machine's mirror, proxy and credentials are used; its sources, hooks and installed packages are neither
read nor changed. Only Debian's archive keys are trusted. No root rights are needed. Expired index signatures are
accepted, because a mirror may be a frozen copy; the lock says what is wanted.
"""

import errno
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .closure import IndexedPackage, parse_index
from .error import WAY_OUT, MirrorUnreachable, PackageDamaged, PackagesGone, UnsupportedMachine
from .lock import LockedPackage

SUITE = "sid"  # the only suite that always has an Asterisk of the supported branches
KEYRINGS = tuple(
    Path("/usr/share/keyrings") / name for name in ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
)
TOOLS = ("apt-get", "apt-cache", "apt-config", "dpkg", "dpkg-deb")
CONNECT_TIMEOUT_S = 20  # a mirror that has not answered by then is not reachable
RUN_TIMEOUT_S = 1800.0  # 31 MB in half an hour: 17 kB/s; slower is as good as broken
DISK_FULL = ("No space left on device", "enough free space")  # as dpkg-deb and apt say it
HASH_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Debian:
    """One apt state: a folder, a mirror and an architecture."""

    folder: Path
    environment: Mapping[str, str]
    architecture: str
    held: tuple[int, ...] = ()
    """File descriptors that children keep open: the lock must last as long as an apt that outlives us."""

    def update(self) -> None:
        """Fetch the signed index of the suite from the first mirror that has it.

        Raises UnsupportedMachine without apt or Debian's keys, MirrorUnreachable when no mirror has the index.
        """
        keyring = next((path for path in KEYRINGS if path.is_file()), None)
        if keyring is None:
            raise UnsupportedMachine(f"Debian's archive keys ({KEYRINGS[0]}) are not on this machine. {WAY_OUT}")
        self._write_configuration()
        reasons: list[str] = []
        for mirror in self._mirrors():
            line = f"deb [arch={self.architecture} signed-by={keyring}] {mirror} {SUITE} main\n"
            (self.folder / "sources.list").write_text(line, "utf-8")
            done = self._run("apt-get", "update", "-o", "APT::Update::Error-Mode=any")
            if done.returncode == 0:
                return
            reasons.append(f"{mirror}: {_last_complaint(done)}")
        said = "; ".join(reasons) or "apt knows no mirror (apt-get indextargets names none)"
        raise MirrorUnreachable(f"no Debian mirror gave the index of {SUITE}: {said}. {WAY_OUT}")

    def index(self) -> dict[str, IndexedPackage]:
        """Return every package of the suite, as the signed index describes it."""
        done = self._run("apt-cache", "dumpavail")
        if done.returncode != 0:
            raise MirrorUnreachable(f"the index of {SUITE} cannot be read: {_last_complaint(done)}. {WAY_OUT}")
        return parse_index(done.stdout.splitlines())

    def download(self, packages: Iterable[LockedPackage], folder: Path) -> dict[LockedPackage, Path]:
        """Fetch exactly these packages into the folder, keeping right ones that are already there.

        Raises PackagesGone when the mirror fails to give one, PackageDamaged when a file's SHA-256 is another.
        """
        files = {package: folder / file_name(package, self.architecture) for package in packages}
        wanted = [package for package, path in files.items() if not _is_right(package, path)]
        if wanted:
            for package in wanted:
                files[package].unlink(missing_ok=True)
            done = self._run("apt-get", "download", *(f"{p.name}={p.version}" for p in wanted), cwd=folder)
            for package in wanted:
                for made in folder.glob(f"{package.name}_{_quoted(package.version)}_*.deb"):
                    made.rename(files[package])
            gone = tuple(package.name for package in wanted if not files[package].exists())
            if done.returncode != 0 or gone:
                names = ", ".join(gone) or "a package"
                raise PackagesGone(f"the mirror did not give {names}: {_last_complaint(done)}. {WAY_OUT}", gone)
        for package, path in files.items():
            verify(package, path)
        return files

    def unpack(self, package: Path, root: Path) -> None:
        """Unpack one .deb file into the root, without running any of its scripts.

        Raises PackageDamaged when it is no whole .deb file.
        """
        done = self._run("dpkg-deb", "-x", str(package), str(root))
        if done.returncode != 0:
            raise PackageDamaged(f"{package.name} cannot be unpacked: {_last_complaint(done)}. {WAY_OUT}")

    def _mirrors(self) -> list[str]:
        """Return the machine's mirrors, those that are known to be Debian's first."""
        known = self._targets("$(ORIGIN)|$(LABEL)|$(CREATED_BY)|$(REPO_URI)")
        debian = [line.rpartition("|")[2] for line in known if line.startswith("Debian|Debian|Packages|")]
        # Before the machine's first `apt-get update` nothing is known of any mirror but its address; the signature
        # decides then.
        unknown = self._targets("$(CREATED_BY)|$(COMPONENT)|$(REPO_URI)", "--no-release-info")
        other = [line.rpartition("|")[2] for line in unknown if line.startswith("Packages|main|")]
        return [uri for uri in dict.fromkeys([*debian, *other]) if not uri.startswith("cdrom:")]

    def _targets(self, form: str, *options: str) -> list[str]:
        command = ["apt-get", "indextargets", *options, "--format", form]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, check=False)
        return done.stdout.splitlines()

    def _write_configuration(self) -> None:
        """Write an apt.conf that has the machine's way to the network and nothing else of the machine.

        Its hooks (`APT::Update::Post-Invoke`) and further index files (`Acquire::IndexTargets`) stay behind.
        """
        for name in ("lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("status", "preferences"):
            (self.folder / name).write_text("")
        dumped = subprocess.run(
            ["apt-config", "dump"], env=self._environment(), capture_output=True, text=True, check=False
        ).stdout.splitlines()
        network = [
            line
            for line in dumped
            if line.startswith("Acquire::")
            and not line.startswith(("Acquire::IndexTargets", "Acquire::Languages", "Acquire::GzipIndexes"))
        ]
        here = str(self.folder)
        own = {
            "APT::Architecture": self.architecture,
            "APT::Architectures": self.architecture,
            "APT::Sandbox::User": "root",
            "APT::Get::List-Cleanup": "false",
            "Acquire::Check-Valid-Until": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            "Acquire::http::Timeout": str(CONNECT_TIMEOUT_S),
            "Acquire::https::Timeout": str(CONNECT_TIMEOUT_S),
            "Dir::State": here,
            "Dir::State::lists": f"{here}/lists",
            "Dir::State::status": f"{here}/status",
            "Dir::Cache": f"{here}/cache",
            "Dir::Etc::sourcelist": f"{here}/sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::parts": "/dev/null",
            "Dir::Etc::preferences": f"{here}/preferences",
            "Dir::Etc::preferencesparts": "/dev/null",
        }
        lines = [*network, *(f'{key} "{value}";' for key, value in own.items())]
        (self.folder / "apt.conf").write_text("\n".join(lines) + "\n", "utf-8")

    def _run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run one tool to its end; raises OSError when it ran out of disk, whatever else it says."""
        try:
            done = subprocess.run(
                command,
                cwd=cwd or self.folder,
                env=self._environment() | {"APT_CONFIG": str(self.folder / "apt.conf")},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=RUN_TIMEOUT_S,
                check=False,
                pass_fds=self.held,
            )
        except subprocess.TimeoutExpired as error:
            raise MirrorUnreachable(f"{' '.join(command[:2])} took over {RUN_TIMEOUT_S:.0f} s. {WAY_OUT}") from error
        if done.returncode != 0 and any(said in done.stderr for said in DISK_FULL):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return done

    def _environment(self) -> dict[str, str]:
        """Return our environment with apt's messages in English, because they are looked into."""
        return dict(self.environment) | {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}


def require_tools(environment: Mapping[str, str]) -> None:
    """Raise UnsupportedMachine unless this is a system with apt and dpkg."""
    path = environment.get("PATH", os.defpath)
    absent = [tool for tool in TOOLS if shutil.which(tool, path=path) is None]
    if absent:
        raise UnsupportedMachine(
            f"this machine has no {', '.join(absent)}; a trial Asterisk is unpacked on Debian only. {WAY_OUT}"
        )


def machine_architecture(environment: Mapping[str, str]) -> str:
    """Return Debian's name of this machine's architecture."""
    done = subprocess.run(
        ["dpkg", "--print-architecture"], env=dict(environment), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def verify(package: LockedPackage, path: Path) -> None:
    """Raise PackageDamaged unless the file is the locked one; a wrong file is removed."""
    found = _sha256(path)
    if found != package.sha256:
        path.unlink()
        raise PackageDamaged(
            f"{path.name}: SHA-256 is {found}, the lock says {package.sha256}. "
            f"Run again; if it stays, the mirror or the way to it changes files. {WAY_OUT}"
        )


def file_name(package: LockedPackage, architecture: str) -> str:
    """Return the name under which a package lies in our folder."""
    return f"{package.name}_{_quoted(package.version)}_{architecture}.deb"


def _quoted(version: str) -> str:
    """Write a version as apt does in a file name."""
    return version.replace(":", "%3a")


def _is_right(package: LockedPackage, path: Path) -> bool:
    return path.is_file() and _sha256(path) == package.sha256


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _last_complaint(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a Debian tool said went wrong, on one line."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("E: ") for line in lines if line.startswith("E: ")]
    return (errors or lines or [f"exit code {done.returncode}"])[0]
