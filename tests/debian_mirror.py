"""A Debian mirror with a handful of hand-made packages, and the apt that reads it; no network, no root rights."""

import hashlib
import os
import shlex
import shutil
import struct
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from telephony.obtain import lock
from telephony.obtain.lock import Lock, LockedPackage
from telephony.obtain.modules import NEEDED
from telephony.obtain.trial import Trial

LIBRARIES = "usr/lib/x86_64-linux-gnu"

APT_GET = r"""#!/bin/sh
case $1 in
indextargets)
    case $* in
    *--no-release-info*) echo 'Packages|main|http://mirror.example/debian/' ;;
    *) echo 'Debian|Debian|Packages|http://mirror.example/debian/' ;;
    esac ;;
update)
    echo update >>"$here/asked"
    if [ -e "$here/offline" ]; then echo 'E: Failed to fetch: no route' >&2; exit 100; fi ;;
download)
    shift
    for wanted; do
        echo "download $wanted" >>"$here/asked"
        file=$(printf '%s' "${wanted%%=*}_${wanted#*=}_amd64.deb" | sed 's/:/%3a/')
        cp "$here/pool/$file" . 2>/dev/null || { echo "E: Version of $wanted was not found" >&2; exit 100; }
    done ;;
esac
"""

DPKG_DEB = r"""#!/bin/sh
if [ -e "$here/pause" ] && mkdir "$here/paused" 2>/dev/null; then
    echo unpacking >"$here/pause"
    read -r _ <"$here/resume"
fi
exec "$real" "$@"
"""


def elf_file(needed: Iterable[str] = (), defines: Iterable[str] = (), uses: Iterable[str] = ()) -> bytes:
    """The smallest shared library with these dependencies and symbols."""
    strings = b"\0"
    dynamic = b""
    symbols = bytes(24)  # the first symbol is always empty
    for soname in needed:
        dynamic += struct.pack("<qQ", 1, len(strings))
        strings += soname.encode() + b"\0"
    for names, section in ((defines, 7), (uses, 0)):
        for name in names:
            symbols += struct.pack("<IBBHQQ", len(strings), 1 << 4, 0, section, 0, 0)
            strings += name.encode() + b"\0"
    dynamic += bytes(16)
    parts = [(3, strings, 0), (6, dynamic, 1), (11, symbols, 1)]  # kind, content, link; link 1 is the strings
    headers = bytes(64)
    body = b""
    for kind, content, link in parts:
        headers += struct.pack("<IIQQQQIIQQ", 0, kind, 0, 0, 64 + len(body), len(content), link, 0, 1, 0)
        body += content
    identity = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    rest = struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 0, 64 + len(body), 0, 64, 0, 0, 64, 4, 0)
    return identity + rest + body + headers


@dataclass
class Mirror:
    """A folder that plays the mirror; `asked` tells what was asked of it."""

    folder: Path
    index: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tools = self.folder / "bin"
        tools.mkdir(parents=True)
        (self.folder / "pool").mkdir()
        real = shutil.which("dpkg-deb")
        assert real, "these tests make .deb files with dpkg-deb"
        for name, text in {
            "apt-get": APT_GET,
            "apt-cache": '#!/bin/sh\ncat "$here/index"\n',
            "apt-config": "#!/bin/sh\necho 'Acquire::Retries \"1\";'\n",
            "dpkg": "#!/bin/sh\necho amd64\n",
            "dpkg-deb": DPKG_DEB,
        }.items():
            variables = f"here={shlex.quote(str(self.folder))}\nreal={shlex.quote(real)}\n"
            (tools / name).write_text(text.replace("#!/bin/sh\n", "#!/bin/sh\n" + variables))
            (tools / name).chmod(0o755)
        self.environment = {
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder / "home"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }

    def add(self, name: str, version: str, files: dict[str, bytes], depends: str = "") -> LockedPackage:
        """Put a package on the mirror in place of any other version of it."""
        tree = self.folder / "tree" / name
        for path, content in files.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_bytes(content)
            (tree / path).chmod(0o755)
        (tree / "DEBIAN").mkdir(parents=True, exist_ok=True)
        (tree / "DEBIAN/control").write_text(
            f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: nobody\nDescription: x\n"
        )
        for old in (self.folder / "pool").glob(f"{name}_*.deb"):
            old.unlink()
        file = self.file(name, version)
        subprocess.run(["dpkg-deb", "-Zgzip", "-b", tree, file], check=True, capture_output=True)
        shutil.rmtree(tree)
        content = file.read_bytes()
        package = LockedPackage(name, version, hashlib.sha256(content).hexdigest(), len(content))
        self.describe(package, depends)
        return package

    def describe(self, package: LockedPackage, depends: str = "") -> None:
        """Write what the index says of a package."""
        self.index[package.name] = (
            f"Package: {package.name}\nVersion: {package.version}\nDepends: {depends}\n"
            f"Size: {package.size}\nSHA256: {package.sha256}\n"
        )
        (self.folder / "index").write_text("\n".join(self.index.values()))

    def file(self, name: str, version: str) -> Path:
        """Where the mirror keeps a package."""
        return self.folder / "pool" / f"{name}_{version.replace(':', '%3a')}_amd64.deb"

    def add_asterisk(self, version: str = "22.10.1") -> Lock:
        """Put a whole Asterisk on the mirror, whose loader is a script that says the version."""
        modules = {
            f"{LIBRARIES}/asterisk/modules/{name}.so": elf_file(["libc.so.6"], [f"{name}_load"], ["ast_log"])
            for name in NEEDED
        }
        program = elf_file(["libc.so.6"], ["ast_log"])
        loader = f"#!/bin/sh\necho Asterisk {version}\n".encode()
        packages = (
            self.add("asterisk", f"1:{version}-1", {"usr/sbin/asterisk": program}, "adduser, asterisk-modules, libc6"),
            self.add("asterisk-modules", f"1:{version}-1", modules, "libc6 (>= 2.42)"),
            self.add(
                "libc6",
                "2.43-7",
                {f"{LIBRARIES}/libc.so.6": elf_file(), f"{LIBRARIES}/ld-linux-x86-64.so.2": loader},
            ),
        )
        return Lock("amd64", packages)

    def commit(self, locked: Lock) -> Path:
        """Write the lock that the project commits."""
        path = self.folder / "lock.json"
        lock.write(path, [locked])
        return path

    def trial(self, said: list[str] | None = None) -> Trial:
        """The trial Asterisks of a user of this mirror."""
        heard = [] if said is None else said
        return Trial(
            self.folder / "cache", "amd64", self.environment, heard.append, committed=self.folder / "lock.json"
        )

    def go_offline(self) -> None:
        """Let every further `apt-get update` fail."""
        (self.folder / "offline").touch()

    def asked(self) -> list[str]:
        """What was asked of the mirror so far."""
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []
