"""Which packages are taken, from an index as apt prints it."""

import pytest

from telephony.obtain.closure import IndexedPackage, closure, parse_index
from telephony.obtain.error import PackagesGone

INDEX = """\
Package: asterisk
Version: 1:22.10.1-1
Pre-Depends: libc6:any (>= 2.38)
Depends: adduser, asterisk-config (= 1:22) | asterisk-config-custom, codecs | codecs-full,
Description: a PBX
 continued: with a colon
Size: 10
SHA256: AA

Package: libc6
Version: 2.43-7
Depends: libgcc-s1, libc-gconv-modules-extra (= 2.43-7)
Size: 20
SHA256: bb

Package: libgcc-s1
Version: 16-1
Depends: libc6
Size: 30
SHA256: cc

Package: codecs-b
Version: 1
Provides: codecs (= 2), other
Size: 40
SHA256: dd

Package: codecs-a
Version: 1
Provides: codecs
Size: 50
SHA256: ee

Package: libgcc-s1
Version: 15-1
Size: 60
SHA256: ff
"""


def names(text: str, *roots: str) -> list[str]:
    return [package.name for package in closure(parse_index(text.splitlines()), roots)]


def stanza(name: str, depends: str = "", provides: str = "") -> str:
    return f"Package: {name}\nVersion: 1\nDepends: {depends}\nProvides: {provides}\nSize: 1\nSHA256: 00\n\n"


def test_a_stanza_is_read_with_its_alternatives_and_without_its_bounds() -> None:
    assert parse_index(INDEX.splitlines())["asterisk"] == IndexedPackage(
        name="asterisk",
        version="1:22.10.1-1",
        depends=(("libc6",), ("adduser",), ("asterisk-config", "asterisk-config-custom"), ("codecs", "codecs-full")),
        provides=(),
        sha256="aa",
        size=10,
    )


def test_the_first_of_two_versions_counts() -> None:
    assert parse_index(INDEX.splitlines())["libgcc-s1"].version == "16-1"


def test_dependencies_are_followed_in_a_ring_and_what_only_scripts_need_is_left_out() -> None:
    assert names(INDEX, "asterisk") == ["asterisk", "codecs-a", "libc6", "libgcc-s1"]


def test_a_virtual_package_is_met_by_a_provider_that_is_taken_already() -> None:
    assert names(INDEX, "codecs-b", "asterisk") == ["asterisk", "codecs-b", "libc6", "libgcc-s1"]


def test_the_second_alternative_is_taken_when_the_first_does_not_exist() -> None:
    assert names(stanza("a", "gone | b") + stanza("b"), "a") == ["a", "b"]


def test_an_alternative_that_is_taken_already_is_enough() -> None:
    text = stanza("a", "b | c") + stanza("b") + stanza("c")
    assert names(text, "c", "a") == ["a", "c"]


def test_a_dependency_whose_first_alternative_is_left_out_brings_no_other_one() -> None:
    assert names(stanza("a", "debconf | tiny") + stanza("debconf") + stanza("tiny"), "a") == ["a"]


def test_a_package_that_is_nowhere_is_named_with_the_one_that_needs_it() -> None:
    with pytest.raises(PackagesGone, match=r"no package libgone \| libalso, needed by a") as caught:
        names(stanza("a", "libgone | libalso (>= 3)"), "a")
    assert caught.value.names == ("libgone", "libalso")
