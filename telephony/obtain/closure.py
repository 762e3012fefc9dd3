"""Which packages the trial Asterisk needs, worked out from one reading of the package index.

Rules: a dependency of which any alternative is already taken is met; else its first alternative decides; if that is
left out, so is the whole dependency. Version bounds are not compared: one suite at one moment is consistent in itself,
and the module check has the last word. The order of the answer does not depend on the order of the index.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .error import PackagesGone
from .lock import LockedPackage

ROOTS = ("asterisk", "asterisk-modules")

# What no needed module links and no start of Asterisk reads. Whatever appears in none of these rows is taken, so a
# library that a later Asterisk begins to need comes by itself; `modules.check` proves that no row leaves out too much.
LEFT_OUT = re.compile(
    r"""(
    # Run by maintainer scripts when a package is installed; unpacking runs none.
      adduser | debconf.* | perl.* | dpkg | passwd | init-system-helpers | lsb-base
    # The centre renders its configuration and its prompts itself.
    | asterisk-config | asterisk-core-sounds-.*
    # Character sets, and ciphers long out of use, that nothing here asks for.
    | libc-gconv-modules-extra | openssl-provider-legacy
    # Modules that no centre loads: sound cards, calendars, XMPP, LDAP, SNMP, RADIUS, ODBC, foreign databases,
    | libjack.* | libportaudio.* | libneon.* | libical.* | libiksemel.* | libldap.* | libsnmp.* | libradcli.*
    | libodbc.* | libpq.* | libsybdb.* | liblua.*
    # fax, MIME uploads, HTTP clients and STIR/SHAKEN, DNS beyond the system's, and the codecs of no seat or trunk.
    | libspandsp.* | libgmime.* | libglib.* | libcurl.* | libjwt.* | libunbound.*
    | libcodec2.* | libopencore.* | libvo-amrwbenc.* | libvorbis.* | libogg.* | libopusfile.* | libopusenc.*
    | libresample.*
    )""",
    re.VERBOSE,
)

_FIELDS = ("Package", "Version", "Pre-Depends", "Depends", "Provides", "Size", "SHA256")


@dataclass(frozen=True)
class IndexedPackage:
    """One package as the index describes it."""

    name: str
    version: str
    depends: tuple[tuple[str, ...], ...]
    """Each dependency as its alternatives, names only."""
    provides: tuple[str, ...]
    sha256: str
    size: int
    """Of the .deb file, bytes."""

    def locked(self) -> LockedPackage:
        """Return what a lock keeps of it."""
        return LockedPackage(self.name, self.version, self.sha256, self.size)


def parse_index(lines: Iterable[str]) -> dict[str, IndexedPackage]:
    """Read an index in Debian's control format (`apt-cache dumpavail`); the first of equal names counts."""
    index: dict[str, IndexedPackage] = {}
    fields: dict[str, str] = {}
    for line in [*lines, ""]:
        stripped = line.rstrip("\n")
        if stripped:
            key, colon, value = stripped.partition(":")
            if colon and key in _FIELDS:
                fields[key] = value.strip()
            continue
        if "Package" in fields and fields["Package"] not in index and "SHA256" in fields:
            index[fields["Package"]] = IndexedPackage(
                name=fields["Package"],
                version=fields["Version"],
                depends=_names(fields.get("Pre-Depends", "")) + _names(fields.get("Depends", "")),
                provides=tuple(group[0] for group in _names(fields.get("Provides", ""))),
                sha256=fields["SHA256"].lower(),
                size=int(fields["Size"]),
            )
        fields = {}
    return index


def closure(index: Mapping[str, IndexedPackage], roots: Iterable[str] = ROOTS) -> tuple[IndexedPackage, ...]:
    """Return the roots and all that they need, sorted by name.

    Raises PackagesGone when the index has no package of a needed name.
    """
    providers: dict[str, list[str]] = {}
    for package in index.values():
        for virtual in package.provides:
            providers.setdefault(virtual, []).append(package.name)
    taken: dict[str, IndexedPackage] = {}
    waiting: list[tuple[tuple[str, ...], str]] = [((root,), "this project") for root in roots]
    while waiting:
        group, needed_by = waiting.pop(0)
        if LEFT_OUT.fullmatch(group[0]) or any(_met(name, taken, providers) for name in group):
            continue
        choices = [name for alternative in group for name in _choices(alternative, index, providers)]
        if not choices:
            wanted = " | ".join(group)
            raise PackagesGone(f"the mirror has no package {wanted}, needed by {needed_by}", group)
        package = index[choices[0]]
        taken[package.name] = package
        waiting += [(depends, package.name) for depends in package.depends]
    return tuple(taken[name] for name in sorted(taken))


def _names(text: str) -> tuple[tuple[str, ...], ...]:
    """`a (>= 1) | b:any, c` -> (("a", "b"), ("c",))."""
    groups = (re.findall(r"(?:^|\|)\s*([a-z0-9][a-z0-9+.-]*)", group) for group in text.split(","))
    return tuple(tuple(group) for group in groups if group)


def _met(name: str, taken: Mapping[str, IndexedPackage], providers: Mapping[str, list[str]]) -> bool:
    return name in taken or any(provider in taken for provider in providers.get(name, ()))


def _choices(name: str, index: Mapping[str, IndexedPackage], providers: Mapping[str, list[str]]) -> Iterable[str]:
    """Return the package of that name, or else those that provide it, first by alphabet."""
    if name in index:
        return (name,)
    return sorted(provider for provider in providers.get(name, ()) if not LEFT_OUT.fullmatch(provider))
