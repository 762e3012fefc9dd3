"""The command as a stranger types it: exit codes, one message with the thing and the way out, nothing half-written."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from config.ports import PortSettings, choose_ports
from config.state import State
from liandong.command import _parser
from phones import Phone, ring_then_answer, tone_of
from telephony.asterisk.process import Asterisk
from telephony.hangup import read_spool
from telephony.obtain import obtain
from tests.centre import TRUNK, small_disk, write_centre

COMMANDS = ("serve", "stop", "check", "verify", "account", "token", "pin", "asterisk-config", "demo")
Run = subprocess.CompletedProcess[str]


def liandong(*words: object, before: tuple[str, ...] = (), **environment: str) -> Run:
    """Type a command; `before` stands in front of it."""
    command = [*before, sys.executable, "-m", "liandong.command", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, env=os.environ | environment)


def refusal(run: Run) -> str:
    """What a refused command says: its one message, without its name; never a trace."""
    assert run.returncode == 1, run
    assert run.stdout == ""
    assert run.stderr.startswith("liandong: ")
    assert "Traceback" not in run.stderr
    return run.stderr.removeprefix("liandong: ").rstrip("\n")


def listing(folder: Path) -> list[tuple[str, bytes]]:
    """Every file below a folder, with what is in it."""
    return sorted((str(file), file.read_bytes()) for file in folder.rglob("*") if file.is_file())


@pytest.fixture
def centre(short_path: Path) -> Path:
    return write_centre(short_path / "centre")


def edit(file: Path, change: Callable[[str], str]) -> None:
    before = file.read_text()
    after = change(before)
    assert after != before
    file.write_text(after)


# Being asked for help, and wrong usage.


def test_help_names_every_command_and_the_version_is_told() -> None:
    helped = liandong("--help")
    assert helped.returncode == 0
    assert all(re.search(rf"^    {name}\s", helped.stdout, re.MULTILINE) for name in COMMANDS)
    assert re.fullmatch(r"liandong \d+\.\d+\.\d+\n", liandong("--version").stdout)
    for name in COMMANDS:
        assert liandong(name, "--help").returncode == 0


def test_the_unit_for_systemd_says_what_the_command_knows() -> None:
    unit = (Path(__file__).parent.parent / "script" / "liandong.service").read_text()
    (words,) = re.findall(r"^ExecStart=\S+/liandong (.*)$", unit, re.MULTILINE)
    options = _parser().parse_args(words.split())
    assert (options.config, options.state) == (Path("/etc/liandong"), Path("/var/lib/liandong/state"))
    assert {"Type=notify", "KillMode=process", "Restart=on-failure"} <= {*unit.splitlines()}


@pytest.mark.parametrize("words", [(), ("frobnicate",), ("account",), ("check", "--confg", "x"), ("asterisk-config",)])
def test_wrong_usage_is_exit_code_2_and_shows_the_usage(words: tuple[str, ...]) -> None:
    run = liandong(*words)
    assert run.returncode == 2
    assert run.stderr.startswith("usage: liandong ")
    assert "Traceback" not in run.stderr


def test_a_terminal_without_chinese_letters_and_a_closed_or_full_output_are_no_bugs(centre: Path) -> None:
    assert "emergency number" in liandong("--help", PYTHONIOENCODING="latin-1").stdout
    check = f"{sys.executable} -m liandong.command check --config {centre}"
    closed = subprocess.run(["sh", "-c", f"{check} | true"], capture_output=True, text=True)
    assert closed.stderr == ""
    full = subprocess.run(["sh", "-c", f"{check} >/dev/full"], capture_output=True, text=True)
    assert (full.returncode, full.stderr.count("\n")) == (1, 1)
    assert "No space left on device" in full.stderr


# Configuration.


def test_check_says_what_the_centre_is(centre: Path) -> None:
    run = liandong("check", "--config", centre)
    assert (run.returncode, run.stderr) == (0, "")
    assert "right. Liandong Example City Emergency Centre: 12 seats, services 110, 119, 120" in run.stdout


MISTAKES: dict[str, tuple[str, Callable[[str], str], str]] = {
    "an unknown key": (
        "telephony.yaml",
        lambda text: text + "neighbors: []\n",
        r'telephony\.yaml:\d+:1: neighbors: unknown key; .*\(did you mean "?neighbours"?\?\)',
    ),
    "an unknown trunk": (
        "telephony.yaml",
        lambda text: text.replace("trunk: city", "trunk: town"),
        r"telephony\.yaml:\d+:\d+: neighbours\[0\]\.trunk: .*allowed: city.*",
    ),
    "a seat's number twice": (
        "telephony.yaml",
        lambda text: text.replace("8002", "8001"),
        r'telephony\.yaml:\d+:\d+: seats\[1\]\.number: "8001" is taken already',
    ),
    "an unknown service in the menu": (
        "telephony.yaml",
        lambda text: text.replace("service: fire", "service: fyre"),
        r"telephony\.yaml:\d+:\d+: silent_menu\.keys\.2\.service: .*allowed: police, fire, medical.*",
    ),
    "a label that is dialplan": (
        "telephony.yaml",
        lambda text: text.replace("静音报警 110", "${SHELL(id)}"),
        r"telephony\.yaml:\d+:\d+: silent_menu\.keys\.1\.label: .*allowed: up to 40 characters.*",
    ),
    "a missing prompt": (
        "prompts.yaml",
        lambda text: re.sub(r"key-none:\n.*\n.*\n", "", text),
        r"prompts\.yaml.*: the dialplan speaks the prompt key-none, which has no text here",
    ),
    "no YAML": ("ports.yaml", lambda text: text + "a: [", r"ports\.yaml:\d+:\d+: .*"),
    "a department that does not exist": (
        "plans/gas-cut.yaml",
        lambda text: text.replace("department: heating", "department: heatin"),
        r"plans/gas-cut\.yaml:\d+:\d+: orders\[1\]\.department: .*\(did you mean heating\?\)",
    ),
    "areas that are no GeoJSON": (
        "areas.geojson",
        lambda text: text.replace('"features"', '"feature"'),
        r"areas\.geojson.*: a FeatureCollection has a list of features",
    ),
    "a port for two": (
        "ports.yaml",
        lambda text: text.replace("ami: 0", "ami: 5").replace("agi: 0", "agi: 5"),
        r"ports\.yaml:\d+:\d+: \w+: TCP port 5 is \w+'s already.*",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_in_the_configuration_is_told_with_its_line_and_starts_nothing(
    centre: Path, short_path: Path, mistake: str
) -> None:
    name, change, message = MISTAKES[mistake]
    edit(centre / name, change)
    told = refusal(liandong("check", "--config", centre))
    assert re.fullmatch(message, told), told
    assert refusal(liandong("serve", "--config", centre, "--state", short_path / "v")) == told
    assert not (short_path / "v").exists()


def test_a_missing_folder_and_a_missing_file_are_named(centre: Path, short_path: Path) -> None:
    assert refusal(liandong("check", "--config", short_path / "nowhere")) == f"{short_path}/nowhere: no such folder"
    (centre / "telephony.yaml").unlink()
    assert "telephony.yaml" in refusal(liandong("check", "--config", centre))


LINTS: dict[str, tuple[str, Callable[[str], str], str]] = {
    "a type that does not exist": (
        "plans/gas-cut.yaml",
        lambda text: text.replace("types: [gas-cut]", "types: [gas-cutt]"),
        r"plans/gas-cut\.yaml:7:\d+: when\[0\].*: no incident can match: .*\(did you mean gas-cut\?\)",
    ),
    "a deadline before the second line has rung": (
        "plans/house-fire.yaml",
        lambda text: text.replace("deadline_s: 90", "deadline_s: 40"),
        r"plans/house-fire\.yaml:\d+:\d+: orders\[0\]: ringing every line once takes 30 s .*",
    ),
    "a subscriber without a number": (
        "subscribers.csv",
        lambda text: text.replace("0900-55510001", "none"),
        r"subscribers\.csv:2: number: .*",
    ),
}


@pytest.mark.parametrize("mistake", LINTS)
def test_what_is_allowed_and_cannot_be_meant_fails_the_check_with_its_line(centre: Path, mistake: str) -> None:
    name, change, message = LINTS[mistake]
    edit(centre / name, change)
    told = refusal(liandong("check", "--config", centre))
    assert re.fullmatch(message, told), told


def given(folder: Path, expect: str) -> Path:
    """A folder with one given incident."""
    folder.mkdir()
    text = f"name: Kitchen\ntype: house-fire\nat: 2026-11-25 18:00\nplace: 晨光路18号\nexpect: [{expect}]\n"
    (folder / "kitchen.yaml").write_text(text, "utf-8")
    return folder


def test_check_tries_the_plans_on_given_incidents_and_shows_who_would_be_ordered_what(
    centre: Path, short_path: Path
) -> None:
    run = liandong("check", "--config", centre, "--against", given(short_path / "given", "house-fire"))
    assert (run.returncode, run.stderr) == (0, "")
    assert "plan house-fire version 1: types: house-fire" in run.stdout
    assert "→ fire within 90 s, in-turn 87000119, 87001119: 晨光路18号发生居民住宅火灾" in run.stdout
    assert run.stdout.endswith("1 given incidents tried, nobody was rung\n")


def test_an_expectation_that_is_not_met_fails_the_check_and_the_run_is_shown_all_the_same(
    centre: Path, short_path: Path
) -> None:
    run = liandong("check", "--config", centre, "--against", given(short_path / "given", "major-fire"))
    assert run.returncode == 1
    assert "plan house-fire version 1" in run.stdout
    assert run.stderr == "liandong: kitchen.yaml:5:9: expect: these plans start: house-fire\n"


# Ports.


def test_a_port_that_is_taken_is_told_with_who_holds_it(centre: Path, short_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        edit(centre / "ports.yaml", lambda text: text.replace("ami: 0", f"ami: {port}"))
        told = refusal(liandong("serve", "--config", centre, "--state", short_path / "v"))
    line = (centre / "ports.yaml").read_text().splitlines().index(f"ami: {port}") + 1
    assert told.startswith(f"ports.yaml:{line}:6: ami: TCP port {port} on 127.0.0.1 is taken by ")
    assert f"(process {os.getpid()}); allowed: a free port, 0 to choose one" in told
    assert not (short_path / "v" / "run" / "ports.json").exists()
    assert not (short_path / "v" / "asterisk" / "etc").exists()


# Asterisk.


def fake_asterisk(folder: Path, says: str) -> Path:
    program = folder / "asterisk"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ("Asterisk 18.1.0", "is Asterisk 18.1.0, 20 or newer is needed."),
        ("Bananas", "is no Asterisk that starts here: "),
        (None, "does not exist."),
    ],
)
def test_an_asterisk_that_is_absent_or_too_old_is_refused_with_the_way_out(
    centre: Path, short_path: Path, says: str | None, message: str
) -> None:
    program = fake_asterisk(short_path, says) if says else short_path / "asterisk"
    run = liandong("serve", "--config", centre, "--state", short_path / "v", LIANDONG_ASTERISK=str(program))
    told = refusal(run)
    assert f"{program} {message}" in told
    assert told.endswith("Install Asterisk 20 or newer, or name one: LIANDONG_ASTERISK=/path/to/asterisk")
    assert [name for name, _ in listing(short_path / "v")] == [f"{short_path}/v/run/serve.lock"]


# The state folder.


@pytest.fixture
def locked(short_path: Path) -> Iterator[Path]:
    """A folder that nobody but root may enter."""
    folder = short_path / "locked"
    (folder / "v").mkdir(parents=True)
    folder.chmod(0)
    yield folder
    folder.chmod(0o700)


WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
"""Root then is a user like any other."""


@pytest.mark.parametrize(
    "words",
    [
        *(("serve",), ("stop",), ("verify",), ("account", "seat-01"), ("token", "supervisor"), ("pin", "zhang-wei")),
        ("asterisk-config", "/nowhere/at/all"),
    ],
)
def test_no_permission_is_one_message_that_names_the_folder(locked: Path, words: tuple[str, ...], centre: Path) -> None:
    edit(centre / "ports.yaml", lambda text: re.sub(r"(\w+): 0", lambda each: f"{each[1]}: {PORTS[each[1]]}", text))
    config = () if words[0] in ("stop", "verify") else ("--config", str(centre))
    told = refusal(liandong(*words, *config, "--state", locked / "v", before=WITHOUT_RIGHTS))
    assert str(locked) in told
    assert "ermission" in told
    assert "--state" in told


PORTS = {"http": 5, "sip_udp": 7, "sip_tcp": 7, "sip_ws": 9, "agi": 11, "ami": 13, "rtp_start": 30_000}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("a file", "cannot take this path; use letters, digits, / . _ + @ -"),
        ("file", ": a file stands where a folder is needed"),
        ("file/v", ": a file stands where a folder is needed"),
        ("x" * 90, ": longer than the 80 letters that Asterisk's socket allows"),
    ],
)
def test_a_state_path_that_cannot_be_is_refused_before_anything_is_written(
    centre: Path, short_path: Path, path: str, message: str
) -> None:
    (short_path / "file").write_text("mine")
    before = listing(short_path)
    told = refusal(liandong("serve", "--config", centre, "--state", short_path / path))
    assert told.startswith(f"{short_path / path}")
    assert message in told
    assert listing(short_path) == before
    assert not (short_path / ("x" * 90)).exists()


@pytest.mark.parametrize(
    ("mode", "text", "message"),
    [(0o644, "secret", "mode 644 lets others in; chmod 600 it"), (0o600, "", "holds no secret (one line of text)")],
)
def test_a_secret_that_others_can_read_or_that_is_none_is_refused(
    centre: Path, short_path: Path, sounds: Path, mode: int, text: str, message: str
) -> None:
    state = short_path / "v"
    shutil.copytree(sounds, state / "asterisk" / "sounds")
    (state / "secrets").mkdir(mode=0o700)
    secret = state / "secrets" / "ami"
    secret.write_text(text)
    secret.chmod(mode)
    told = refusal(liandong("serve", "--config", centre, "--state", state))
    assert told.startswith(f"{secret}: {message}")
    assert not (state / "asterisk" / "etc").exists()
    assert not (state / "run" / "ports.json").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk, so a full one is NOT PROVED here")
@pytest.mark.parametrize("size", ["1m", "40m"])
def test_a_full_disk_and_one_without_reserve_are_refused(centre: Path, short_path: Path, size: str) -> None:
    with small_disk(short_path / "disk", size) as disk:
        if size == "1m":
            disk.fill()
        before = listing(disk.seen)
        told = refusal(liandong("serve", "--config", centre, "--state", disk.folder / "v", before=tuple(disk.enter)))
        assert re.search(r": the disk is full$|: \d+ MiB of disk are free, at least 64 are needed$", told), told
        assert listing(disk.seen) == before


def test_a_mistyped_state_folder_makes_no_folders(centre: Path, short_path: Path) -> None:
    nowhere = short_path / "nowhere"
    assert refusal(liandong("stop", "--state", nowhere)) == (
        f"{nowhere}: nothing runs here; name the state folder with --state"
    )
    assert "there are no recordings here; name the folder with --state" in refusal(
        liandong("verify", "--state", nowhere)
    )
    told = refusal(liandong("account", "seat-01", "--config", centre, "--state", nowhere))
    assert told == f"{nowhere}/run/ports.json: is not there; the centre is not running"
    assert not nowhere.exists()


# Tokens and PINs.


def test_a_token_and_a_pin_are_made_once_and_shown_again(centre: Path, short_path: Path) -> None:
    state = ("--config", centre, "--state", short_path / "v")
    State.open(short_path / "v")
    for words, form in ((("token", "dispatcher"), "[A-Za-z0-9]{32}"), (("pin", "zhang-wei"), "[0-9]{6}")):
        first, again = liandong(*words, *state), liandong(*words, *state)
        assert (first.returncode, first.stderr) == (0, "")
        assert re.fullmatch(form + r"\n", first.stdout)
        assert again.stdout == first.stdout
        secret = short_path / "v" / "secrets" / "-".join(words)
        assert (secret.stat().st_mode & 0o777, secret.read_text()) == (0o600, first.stdout.strip())


def test_an_unknown_role_or_person_and_a_state_folder_that_was_never_served_are_told(
    centre: Path, short_path: Path
) -> None:
    config, nowhere = ("--config", centre), short_path / "nowhere"
    State.open(short_path / "v")
    told = refusal(liandong("token", "boss", *config, "--state", short_path / "v"))
    assert told == "no role is called boss; allowed: call-taker, dispatcher, supervisor"
    told = refusal(liandong("pin", "nobody", *config, "--state", short_path / "v"))
    assert told.startswith("nobody is called nobody in people.yaml; allowed: zhang-wei, ")
    for words in (("token", "supervisor"), ("pin", "zhang-wei")):
        told = refusal(liandong(*words, *config, "--state", nowhere))
        assert told == f"{nowhere}: was never served; name the state folder with --state"
    assert not nowhere.exists()


# An Asterisk that runs already.


def test_asterisk_config_refuses_chance_ports_and_a_folder_that_is_there(centre: Path, short_path: Path) -> None:
    told = refusal(liandong("asterisk-config", short_path / "out", "--config", centre, "--state", short_path / "v"))
    assert len(told.splitlines()) == 7
    assert all(
        re.fullmatch(r"ports\.yaml:\d+:\d+: \w+: an Asterisk .* needs a fixed port", line) for line in told.splitlines()
    )
    edit(centre / "ports.yaml", lambda text: re.sub(r"(\w+): 0", lambda each: f"{each[1]}: {PORTS[each[1]]}", text))
    (short_path / "out").mkdir()
    told = refusal(liandong("asterisk-config", short_path / "out", "--config", centre, "--state", short_path / "v"))
    assert told == f"{short_path}/out: is there already; name a new folder"
    assert not (short_path / "v").exists()


STOCK = {
    "extensions.conf": "[general]\nstatic=yes\n[globals]\nCITY=1\n[default]\nexten => s,1,Hangup()\n",
    "pjsip.conf": "[global]\ntype=global\nuser_agent=City\n"
    "[their-udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{sip}\n",
    "manager.conf": "[general]\nenabled = yes\nport = {ami}\nbindaddr = 127.0.0.1\n",
    "musiconhold.conf": "[default]\nmode=files\ndirectory=moh\n",
    "features.conf": "[general]\ntransferdigittimeout=3\n[featuremap]\nblindxfer=#1\n",
}
"""What such a city may have."""


async def test_the_files_make_another_asterisk_take_a_call(centre: Path, short_path: Path, sounds: Path) -> None:
    own = choose_ports(PortSettings(**dict.fromkeys(PORTS, 0), rtp_count=100))
    chosen = {"http": own.http, "sip_udp": own.sip_udp, "sip_tcp": own.sip_tcp, "sip_ws": own.sip_ws}
    chosen |= {"agi": own.agi, "ami": own.ami, "rtp_start": own.rtp_start, "rtp_count": 100}
    (centre / "ports.yaml").write_text(yaml.safe_dump(chosen))
    state, out = short_path / "v", short_path / "out"
    shutil.copytree(sounds, state / "asterisk" / "sounds")
    run = liandong("asterisk-config", out, "--config", centre, "--state", state)
    assert run.returncode == 0, run
    assert {file.stat().st_mode & 0o777 for file in out.iterdir()} == {0o600}

    city = short_path / "city"
    for name in ("etc", "lib/keys", "run", "log/cel-custom", "log/cdr-custom", "spool"):
        (city / name).mkdir(parents=True)
    program = obtain()
    their_port = choose_ports(PortSettings(**dict.fromkeys(PORTS, 0), rtp_count=4)).sip_udp
    for name, text in STOCK.items():
        (city / "etc" / name).write_text(text.format(sip=their_port, ami=own.ami) + f"#include {out}/{name}\n")
    told = re.findall(r"^  (\w+\.conf)\s+(#include \S+)$", run.stdout, re.MULTILINE)
    assert {name: (city / "etc" / name).read_text().splitlines()[-1] for name in STOCK} == dict(told)
    for file in out.glob("settings-*"):
        name = file.name.removeprefix("settings-")
        if name not in STOCK and name != "asterisk.conf":
            (city / "etc" / name).write_text(file.read_text())
    folders = {"etc": "etc", "varlib": "lib", "db": "lib", "key": "lib", "spool": "spool", "run": "run", "log": "log"}
    (city / "etc" / "asterisk.conf").write_text(
        "[directories]\n"
        + "".join(f"ast{key}dir => {city / folder}\n" for key, folder in folders.items())
        + f"astcachedir => {city}/spool\nastmoddir => {program.modules}\nastdatadir => {program.data}\n"
        + "[options]\ntransmit_silence = yes\n"
    )
    theirs = Asterisk(program.argv0, etc=city / "etc", run=city / "run", log=city / "log")
    theirs.start()
    try:
        secret = (state / "secrets" / "seat-01").read_text().strip()
        server = ("127.0.0.1", own.sip_udp)
        async with (
            Phone(server, "seat-01", secret, policy=ring_then_answer(0.1)) as seat,
            Phone(server, "13800000001", local=(TRUNK, 0)) as caller,
        ):
            await seat.register()
            call = await caller.dial("119", tone=tone_of(0))
            taken = await seat.incoming(within=30)
            taken.play_tone(tone_of(1))
            await call.hears(tone_of(1))
            await taken.hears(tone_of(0))
            await call.hang_up()
            await taken.ended()
        while theirs.live_channels():
            pass  # a look takes some 20 ms
        raw = [file.name.split("_")[0] for file in (state / "recordings" / "raw").glob("*/*.r.wav16")]
        assert sorted(raw) == ["caller", "seat-01"]
        assert "LINKEDID_END" in (city / "log" / "cel-custom" / "cel.csv").read_text()
        (hang_up,) = read_spool(state / "log" / "hangups")
        assert (hang_up.seat, hang_up.caller) == ("seat-01", "13800000001")
        assert "CITY=1" in theirs.console("dialplan show globals")
        assert "City" in theirs.console("pjsip show settings")
    finally:
        theirs.stop(now=True)
