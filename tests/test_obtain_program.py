"""An Asterisk on the machine: its version, its folders, and every reason to refuse it."""

import os
from pathlib import Path

import pytest

from telephony.obtain import Kind, ObtainError, obtain, program
from telephony.obtain.program import ESSENTIAL, parse_version


def install(prefix: Path, says: str = "Asterisk 22.1.0", modules: tuple[str, ...] = ESSENTIAL) -> Path:
    folder = prefix / "lib/asterisk/modules"
    folder.mkdir(parents=True)
    for name in modules:
        (folder / f"{name}.so").touch()
    (prefix / "share/asterisk/documentation").mkdir(parents=True)
    path = prefix / "sbin/asterisk"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n{says if says.startswith('exit') else f'echo {says!r}'}\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def no_machine_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(program, "ASTERISK_CONF", tmp_path / "asterisk.conf")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Asterisk 22.10.1~dfsg+~cs6.17.60671434-1\n", "22.10.1"),
        ("Asterisk 20.6.0~dfsg+~cs6.13.40431414-2build5", "20.6.0"),
        ("Asterisk certified/20.7-cert1", "20.7"),
        ("Asterisk certified-22.8-cert2", "22.8"),
        ("Asterisk GIT-23-5b7d7b9", "23"),
        ("1:22.10.1+dfsg+~cs6.17.60671434-1", "22.10.1"),
    ],
)
def test_a_version_is_read(text: str, version: str) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize(
    "text", ["", "Asterisk", "FreeSWITCH version: 1.10", "Asterisk UNKNOWN__and_probably_unsupported"]
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no Asterisk version"):
        parse_version(text)


@pytest.mark.parametrize(
    ("version", "old"), [("18.26.4", True), ("19.8", True), ("20", False), ("20.0.0", False), ("100.1", False)]
)
def test_releases_before_20_are_too_old(version: str, old: bool) -> None:
    assert program.is_too_old(version) is old


def test_an_installed_asterisk_is_described(tmp_path: Path) -> None:
    path = install(tmp_path)
    found = obtain(path, environment={})
    assert (found.kind, found.version, found.argv0) == (Kind.INSTALLED, "22.1.0", (str(path),))
    assert found.modules == tmp_path / "lib/asterisk/modules"
    assert found.data == tmp_path / "share/asterisk"
    assert found.has_module("app_dial") and not found.has_module("app_amd")


def test_folders_that_the_machine_configures_come_first(tmp_path: Path) -> None:
    path = install(tmp_path)
    moved = tmp_path / "elsewhere"
    (tmp_path / "lib/asterisk/modules").rename(moved)
    (tmp_path / "asterisk.conf").write_text(f"[directories](!)\nastmoddir => {moved} ; here\n")
    assert obtain(path, environment={}).modules == moved


def test_the_environment_names_an_asterisk(tmp_path: Path) -> None:
    path = install(tmp_path)
    assert obtain(environment={"LIANDONG_ASTERISK": str(path)}).argv0 == (str(path),)


def test_a_named_one_comes_before_the_environment(tmp_path: Path) -> None:
    path = install(tmp_path)
    assert obtain(path, environment={"LIANDONG_ASTERISK": "/nowhere"}).argv0 == (str(path),)


@pytest.mark.parametrize(
    ("says", "modules", "code"),
    [
        ("Asterisk 18.26.4", ESSENTIAL, "asterisk-too-old"),
        ("exit 127", ESSENTIAL, "asterisk-unusable"),
        ("Hello", ESSENTIAL, "asterisk-unusable"),
        ("Asterisk 22.1.0", ("app_dial",), "asterisk-incomplete"),
        ("Asterisk 22.1.0", tuple(name for name in ESSENTIAL if name != "app_mixmonitor"), "asterisk-incomplete"),
    ],
)
def test_a_named_asterisk_that_cannot_serve_is_refused(
    tmp_path: Path, says: str, modules: tuple[str, ...], code: str
) -> None:
    path = install(tmp_path, says, modules)
    with pytest.raises(ObtainError, match="LIANDONG_ASTERISK=") as caught:
        obtain(path, environment={})
    assert caught.value.code == code
    assert str(path) in str(caught.value)


def test_a_named_asterisk_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ObtainError, match="does not exist") as caught:
        obtain(tmp_path / "asterisk", environment={})
    assert caught.value.code == "asterisk-absent"


def test_one_on_the_search_path_is_found(tmp_path: Path) -> None:
    path = install(tmp_path)
    assert obtain(environment={"PATH": f"/bin{os.pathsep}{path.parent}"}).argv0 == (str(path),)


def test_serving_with_one_that_is_too_old_is_refused_and_a_trial_only_passes_it_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install(tmp_path, "Asterisk 16.28.0")
    monkeypatch.setattr(program, "find", lambda environment: path)
    with pytest.raises(ObtainError, match=r"is Asterisk 16\.28\.0, 20 or newer is needed"):
        obtain(trial=False, environment={})
    said: list[str] = []
    with pytest.raises(ObtainError, match="this machine has no apt-get"):
        obtain(environment={"PATH": str(tmp_path)}, progress=said.append)
    assert said == [
        f"Not used: {path} is Asterisk 16.28.0, 20 or newer is needed. "
        "Install Asterisk 20 or newer, or name one: LIANDONG_ASTERISK=/path/to/asterisk"
    ]


def test_without_any_and_without_a_trial_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "find", lambda environment: None)
    with pytest.raises(ObtainError, match=r"no Asterisk is installed .* LIANDONG_ASTERISK=") as caught:
        obtain(trial=False, environment={})
    assert caught.value.code == "asterisk-absent"
