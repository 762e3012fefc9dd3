"""The Asterisk that this machine really has after set-up; it comes from the cache, nothing is downloaded."""

import subprocess
from pathlib import Path

import pytest

from telephony.asterisk.modules import MODULES
from telephony.obtain import AsteriskProgram, Kind, lock, modules, obtain
from telephony.obtain.trial import MACHINES


@pytest.fixture(scope="module")
def asterisk() -> AsteriskProgram:
    return obtain(download=False)


def test_it_says_its_version(asterisk: AsteriskProgram) -> None:
    said = subprocess.run([*asterisk.argv0, "-V"], capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"Asterisk {asterisk.version}")


def test_it_can_load_every_module_that_the_configuration_loads(asterisk: AsteriskProgram) -> None:
    assert [name for name in MODULES if not asterisk.has_module(name)] == []
    if asterisk.kind is Kind.TRIAL:
        libraries = asterisk.modules.parent.parent
        program = libraries.parents[2] / "usr/sbin/asterisk"
        assert modules.missing(program, asterisk.modules, libraries, MODULES) == []
        assert modules.missing(program, asterisk.modules, libraries) == []


def test_what_the_configuration_loads_is_checked_when_asterisk_is_obtained() -> None:
    assert set(MODULES) <= set(modules.NEEDED)


@pytest.mark.parametrize("architecture", sorted(MACHINES))
def test_the_committed_lock_is_whole_and_small(architecture: str) -> None:
    committed = lock.read(lock.COMMITTED, architecture)
    assert committed is not None
    names = [package.name for package in committed.packages]
    assert {"asterisk", "asterisk-modules", "libc6"} <= set(names)
    assert len(set(names)) == len(names)
    assert all(len(bytes.fromhex(package.sha256)) == 32 for package in committed.packages)
    assert committed.size < 30_000_000


def test_the_cached_copy_says_what_it_was_made_of(asterisk: AsteriskProgram) -> None:
    if asterisk.kind is Kind.TRIAL:
        folder = Path(asterisk.argv0[0]).parent
        made_of = [lock.read(folder / "lock.json", architecture) for architecture in MACHINES]
        assert folder.name in [one.id for one in made_of if one]
