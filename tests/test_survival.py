"""Whatever dies, calls go on or are saved: Asterisk killed, our own processes killed, stopped and started twice."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import soundfile
import soxr
import yaml

from liandong.lock import CHILDREN, Role
from phones import IncomingCall, OutgoingCall, Phone, Stage, recognise, ring_then_answer, tone_of
from tests.centre import Centre, running_centre, small_disk

BOOT_S = 60.0  # an Asterisk that died answers again within 2; a loaded machine has taken ten times that


class Talk:
    """A caller and a seat in conversation, each with a tone of its own."""

    def __init__(self, call: OutgoingCall, taken: IncomingCall, voices: tuple[int, int]) -> None:
        self.call, self.taken, self.voices = call, taken, voices

    async def both_hear(self) -> None:
        await asyncio.gather(self.taken.hears(self.voices[0]), self.call.hears(self.voices[1]))

    async def hang_up(self) -> None:
        await self.call.hang_up()
        await self.taken.ended()


async def talk(centre: Centre, seats: list[Phone], tone: int) -> Talk:
    """A new caller reaches one of these seats, and both hear each other."""
    caller = await centre.caller()
    call = await caller.dial("119", tone=tone_of(tone))
    await call.answered()
    number, taken = await taker_of(centre, caller, seats)
    talking = Talk(call, taken, (tone_of(tone), tone_of(20 + number)))
    await talking.both_hear()
    return talking


async def taker_of(centre: Centre, caller: Phone, seats: list[Phone]) -> tuple[int, IncomingCall]:
    """Which of these seats talks to this caller; another one that answered, too late, is in a call for a moment."""

    def talking() -> list[tuple[int, IncomingCall]]:
        return [
            (number, call)
            for number, seat in enumerate(seats)
            for call in seat.calls
            if isinstance(call, IncomingCall) and (call.stage, call.caller) == (Stage.TALKING, caller.user)
        ]

    async def takers() -> int:
        return len(talking())

    await centre.until(f"one seat talks to {caller.user}", takers, 1)
    (taker,) = talking()
    return taker


async def some_seats(centre: Centre, count: int) -> list[Phone]:
    # A lower half's sequence: in the upper one Asterisk's recorder loses spares, as the recordings' own tests tell.
    how = {"policy": ring_then_answer(0.1), "first_sequence": 10000}
    return [await centre.seat(n + 1, tone=tone_of(20 + n), **how) for n in range(count)]


def tones(flac: Path) -> tuple[set[int], set[int]]:
    """Every tone in each channel, looked at in pieces of half a second."""
    sound, rate = soundfile.read(flac, dtype="int16", always_2d=True)
    found = []
    for ear in (0, 1):
        samples = soxr.resample(sound[:, ear], rate, 8000)
        heard = (recognise(samples[at : at + 4000]) for at in range(0, len(samples), 4000))
        found.append({hz for piece in heard for hz in map(tone_of, range(36)) if piece.has(hz)})
    return found[0], found[1]


def flacs(centre: Centre) -> dict[str, Path]:
    return {file.stem: file for file in (centre.state / "recordings").glob("[0-9]*/*/*/*.flac")}


async def answers_again(centre: Centre, old: int) -> None:
    """Wait until another Asterisk than `old` is fully booted and talks to us."""

    async def back() -> bool:
        try:
            if centre.asterisk_pid == old:
                return False
            await centre.listen()
        except OSError:
            return False
        return "has fully booted" in await centre.manager.command("core waitfullybooted")

    await centre.manager.close()
    await centre.until("Asterisk is back", back, True, BOOT_S)


async def heartbeat_is_fresh(centre: Centre) -> bool:
    told = (await centre.manager.ask("Getvar", Variable="LD_ALIVE"))["Value"]
    return told.isdecimal() and abs(time.time() - int(told)) < 1.5


def recorded_seconds(centre: Centre) -> list[int]:
    """Whole seconds of sound that each raw file of what somebody said has on the disk, at 16 kHz."""
    files = (centre.state / "recordings" / "raw").glob("*/*.r.wav16")
    return [file.stat().st_size // 32_000 for file in files]


async def raw_has(centre: Centre, files: int, seconds: int) -> None:
    """Wait until so many files have so many seconds on the disk."""

    async def there() -> int:
        return sum(length >= seconds for length in recorded_seconds(centre))

    await centre.until("the recorders write", there, files)


async def test_asterisk_killed_in_three_calls_comes_back_and_what_was_said_is_saved(
    short_path: Path, sounds: Path
) -> None:
    async with running_centre(short_path, sounds) as centre:
        seats = await some_seats(centre, 3)
        talks = [await talk(centre, seats, tone) for tone in range(3)]
        await raw_has(centre, 6, 2)
        killed = centre.asterisk_pid
        os.kill(killed, signal.SIGKILL)
        await answers_again(centre, killed)
        for talking in talks:
            talking.call.vanish()
            talking.taken.vanish()
        await centre.quiet()

        evidence = centre.evidence()
        assert [{finding["kind"] for finding in each["findings"]} for each in evidence] == [{"repaired"}] * 3
        saved = [tones(flac) for flac in flacs(centre).values()]
        expected = [({caller}, {seat}) for caller, seat in (talking.voices for talking in talks)]
        assert sorted(saved, key=str) == sorted(expected, key=str)
        assert "1 ok" not in centre.liandong("verify", "--state", str(centre.state)).stdout

        for seat in seats:
            await seat.register()
            await centre.free(seat)
        await (await talk(centre, seats, 5)).hang_up()
        await centre.quiet()
        assert len(centre.evidence()) == 4


async def test_our_own_death_cuts_no_call_and_the_next_serve_finds_asterisk_and_catches_up(
    short_path: Path, sounds: Path
) -> None:
    async with running_centre(short_path, sounds) as centre:
        seats = await some_seats(centre, 3)
        ends, goes_on = await talk(centre, seats, 0), await talk(centre, seats, 1)
        pid = centre.asterisk_pid
        await centre.beats(Role.WORKER)
        centre.kill()
        centre.signal(Role.WORKER, signal.SIGKILL)
        await asyncio.gather(ends.both_hear(), goes_on.both_hear())
        await ends.hang_up()
        new = await talk(centre, seats, 2)  # nobody of us lives, and a caller reaches a seat
        await centre.serve()
        assert centre.asterisk_pid == pid
        await asyncio.gather(goes_on.both_hear(), new.both_hear())

        async def finished() -> int:
            return len(centre.evidence())

        await centre.until("the call that ended meanwhile is recorded", finished, 1, within=30)
        assert [each["findings"] for each in centre.evidence()] == [[]]
        assert tones(next(iter(flacs(centre).values()))) == ({ends.voices[0]}, {ends.voices[1]})
        await goes_on.hang_up()
        await new.hang_up()
        await centre.quiet()
        assert [each["findings"] for each in centre.evidence()] == [[]] * 3
        assert len(centre.evidence()) == 3


async def test_the_worker_needs_no_supervisor_and_the_next_one_adopts_it(short_path: Path, sounds: Path) -> None:
    async with running_centre(short_path, sounds) as centre:
        seats = await some_seats(centre, 1)
        talking = await talk(centre, seats, 0)
        await centre.beats(Role.WORKER)
        children = centre.children()
        centre.kill()
        await talking.hang_up()
        await centre.quiet()
        assert [each["findings"] for each in centre.evidence()] == [[]]
        await centre.serve()
        await centre.says(f"worker (process {children[Role.WORKER]}) is running already: adopted")
        assert centre.children() == children


async def test_a_killed_worker_leaves_no_helper_behind_and_another_one_goes_on(short_path: Path, sounds: Path) -> None:
    async with running_centre(short_path, sounds) as centre:
        seats = await some_seats(centre, 1)
        await (await talk(centre, seats, 0)).hang_up()
        await centre.quiet()
        helpers = children_of(centre.pid_of(Role.WORKER))
        assert helpers, "a process of its own finishes recordings"
        killed = centre.signal(Role.WORKER, signal.SIGKILL)

        async def gone() -> list[int]:
            return living(helpers)

        await centre.until("the helpers of the killed worker are gone", gone, [])
        await centre.replaced(Role.WORKER, killed)
        await (await talk(centre, seats, 1)).hang_up()
        await centre.spotless()
        assert [each["findings"] for each in centre.evidence()] == [[]] * 2


async def test_children_that_are_killed_or_stop_moving_come_back(short_path: Path, sounds: Path) -> None:
    async with running_centre(short_path, sounds, engine=True) as centre:
        await centre.beats(*CHILDREN)
        killed = {role: centre.signal(role, signal.SIGKILL) for role in CHILDREN}
        for role, pid in killed.items():
            await centre.replaced(role, pid)
        await centre.beats(*CHILDREN)
        stopped = {role: centre.signal(role, signal.SIGSTOP) for role in CHILDREN}
        for role, pid in stopped.items():
            await centre.replaced(role, pid, within=60)
            written = [file.read_text() for file in (centre.state / "log").glob(f"{role.child}-*.stacks")]
            (stacks,) = (each for each in written if f"Process {pid}:" in each)
            assert "main (liandong/child.py:" in stacks
        await centre.beats(*CHILDREN)


async def test_a_call_that_a_frozen_engine_is_asked_about_is_answered_and_no_helper_is_stuck(
    short_path: Path, sounds: Path
) -> None:
    async with running_centre(short_path, sounds, engine=True, fallback={"heartbeat_s": 10}) as centre:
        seats = await some_seats(centre, 1)
        await centre.until("the dialplan knows that the engine lives", lambda: heartbeat_is_fresh(centre), True)
        frozen = centre.signal(Role.ENGINE, signal.SIGSTOP)  # its heartbeat is fresh for as long as it is let live
        talking = await talk(centre, seats, 0)
        asked = await centre.manager.wait(lambda event: event.get("Channel", "").startswith("Local/s@ask"))
        await centre.replaced(Role.ENGINE, frozen, within=30)
        await centre.beats(Role.ENGINE)
        await talking.both_hear()
        channels = await centre.manager.channels()
        assert asked
        assert sorted(name.rpartition("-")[0] for name in channels) == ["PJSIP/city", "PJSIP/seat-01"]
        await talking.hang_up()
        await centre.spotless()


async def test_children_outlive_the_supervisor_end_with_ctrl_c_and_leave_nothing_after_a_stop(
    short_path: Path, sounds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"{short_path}/notify")
        systemd.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", f"{short_path}/notify")
        async with running_centre(short_path, sounds, engine=True) as centre:
            assert systemd.recv(100) == b"READY=1"
            await centre.beats(*CHILDREN)
            asterisk, children = centre.asterisk_pid, centre.children()
            assert list(children) == [*CHILDREN]
            assert not [pid for pid in (asterisk, *children.values()) if b"NOTIFY_SOCKET" in environment(pid)]
            centre.kill()
            assert (centre.asterisk_pid, centre.children()) == (asterisk, children)
            await centre.serve()
            assert (centre.asterisk_pid, centre.children()) == (asterisk, children)
            assert systemd.recv(100) == b"READY=1"

            assert centre.process is not None
            centre.process.send_signal(signal.SIGINT)
            assert await asyncio.to_thread(centre.process.wait, 30) == 0
            assert systemd.recv(100) == b"STOPPING=1"
            assert centre.children() == {}
            ended = re.findall(r"(\w+) has ended", centre.log)
            assert ended == ["worker", "engine", "web"]
            assert processes(centre) == [asterisk]

            await centre.serve()
            stopped = await asyncio.to_thread(centre.liandong, "stop", "--now", "--state", str(centre.state))
            assert (stopped.returncode, stopped.stdout) == (0, "stopped\n")
            assert processes(centre) == []
            assert await asyncio.to_thread(centre.process.wait, 30) == 0


async def test_stop_ends_what_a_dead_supervisor_left_behind(short_path: Path, sounds: Path) -> None:
    async with running_centre(short_path, sounds, engine=True) as centre:
        await centre.beats(*CHILDREN)
        centre.kill()
        assert list(centre.children()) == [*CHILDREN]
        stopped = await asyncio.to_thread(centre.liandong, "stop", "--now", "--state", str(centre.state))
        assert (stopped.returncode, stopped.stdout) == (0, "stopped\n")
        assert processes(centre) == []


async def test_children_of_a_centre_that_lost_its_asterisk_and_its_supervisor_do_not_hold_the_ports(
    short_path: Path, sounds: Path
) -> None:
    async with running_centre(short_path, sounds, engine=True) as centre:
        await centre.beats(*CHILDREN)
        old = centre.children()
        ports = {key: centre.port(key) for key in ("http", "agi")}
        file = centre.config / "ports.yaml"
        file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | ports))
        await centre.manager.close()
        centre.kill()
        os.kill(centre.asterisk_pid, signal.SIGKILL)
        await centre.serve()
        await centre.listen()
        assert {key: centre.port(key) for key in ports} == ports
        assert not {*old.values()} & {*centre.children().values()}


async def test_stop_waits_for_the_end_of_calls_and_takes_new_ones_until_then(short_path: Path, sounds: Path) -> None:
    async with running_centre(short_path, sounds) as centre:
        seats = await some_seats(centre, 2)
        first = await talk(centre, seats, 0)
        stopping = await centre.begin("stop", "--state", str(centre.state))
        assert b"2 channels are up" in await stopping.stdout.readline()
        second = await talk(centre, seats, 1)
        await first.hang_up()
        await second.both_hear()
        assert stopping.returncode is None
        await second.hang_up()
        assert (await stopping.communicate())[0] == b"stopped\n"
        assert stopping.returncode == 0
        assert centre.process is not None
        assert await asyncio.to_thread(centre.process.wait, 30) == 0
        assert centre.raw() == []
        assert [each["findings"] for each in centre.evidence()] == [[]] * 2
        assert not (centre.state / "run" / "ports.json").exists()


async def test_a_stop_that_is_interrupted_is_taken_back_and_now_cuts(short_path: Path, sounds: Path) -> None:
    async with running_centre(short_path, sounds) as centre:
        seats = await some_seats(centre, 1)
        talking = await talk(centre, seats, 0)
        stopping = await centre.begin("stop", "--state", str(centre.state))
        await stopping.stdout.readline()
        stopping.send_signal(signal.SIGINT)
        told, complaints = await stopping.communicate()
        assert (told, complaints, stopping.returncode) == (b"", b"", 130)
        await talking.hang_up()
        talking = await talk(centre, seats, 0)
        stopped = await asyncio.to_thread(centre.liandong, "stop", "--now", "--state", str(centre.state))
        assert (stopped.returncode, stopped.stdout, stopped.stderr) == (0, "stopped\n", "")
        await talking.call.ended()
        assert len(centre.evidence()) == 2
        again = centre.liandong("stop", "--state", str(centre.state))
        assert again.returncode == 1
        assert again.stderr == f"liandong: {centre.state}: nothing runs here; name the state folder with --state\n"


async def test_a_frozen_asterisk_is_told_and_ended_only_by_force(short_path: Path, sounds: Path) -> None:
    async with running_centre(short_path, sounds) as centre:
        pid = centre.asterisk_pid
        os.kill(pid, signal.SIGSTOP)
        refused = await asyncio.to_thread(centre.liandong, "stop", "--state", str(centre.state))
        assert refused.returncode == 1
        assert "it was not stopped: `liandong stop --now` ends it by force" in refused.stderr
        assert asterisks(centre) == [pid]
        stopped = await asyncio.to_thread(centre.liandong, "stop", "--now", "--state", str(centre.state))
        assert (stopped.returncode, stopped.stdout) == (0, "stopped\n")


async def test_serve_ends_politely_without_asterisk_and_only_one_serves(short_path: Path, sounds: Path) -> None:
    async with running_centre(short_path, sounds) as centre:
        seats = await some_seats(centre, 1)
        talking = await talk(centre, seats, 0)
        arguments = ("--config", str(centre.config), "--state", str(centre.state))
        second = await asyncio.to_thread(centre.liandong, "serve", *arguments)
        assert centre.process is not None
        assert second.returncode == 1
        assert second.stderr == (
            f"liandong: {centre.state}: is served already by process {centre.process.pid}; `liandong stop` ends it\n"
        )
        pid = centre.asterisk_pid
        centre.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(centre.process.wait, 30) == 0
        await talking.both_hear()
        assert centre.asterisk_pid == pid
        await talking.hang_up()


async def test_what_a_crash_left_behind_does_not_hinder_a_start(short_path: Path, sounds: Path) -> None:
    """The machine lost its power: everything died at once, and the pid is somebody else's after the restart."""
    async with running_centre(short_path, sounds) as centre:
        await centre.manager.close()
        centre.kill()
        os.kill(centre.asterisk_pid, signal.SIGKILL)
        run = centre.state / "run"
        with stranger() as other:
            (run / "asterisk.pid").write_text(f"{other.pid}\n")
            assert {"asterisk.ctl", "asterisk.pid", "ports.json", "serve.lock"} <= {file.name for file in run.iterdir()}
            await centre.serve()
            assert centre.asterisk_pid != other.pid
            stopped = await asyncio.to_thread(centre.liandong, "stop", "--now", "--state", str(centre.state))
            assert stopped.returncode == 0
            assert other.poll() is None


async def test_serve_killed_while_it_starts_asterisk_adopts_it_the_next_time(short_path: Path, sounds: Path) -> None:
    async with running_centre(short_path, sounds) as centre:
        stopped = await asyncio.to_thread(centre.liandong, "stop", "--now", "--state", str(centre.state))
        assert stopped.returncode == 0
        await centre.manager.close()
        serving = await centre.begin(*centre.serving)

        async def started() -> bool:
            return bool(asterisks(centre))

        await centre.until("Asterisk is in the middle of its start", started, True)
        serving.kill()
        await serving.wait()
        found = asterisks(centre)
        await centre.serve()
        assert asterisks(centre) == found
        await centre.listen()


async def test_a_changed_configuration_is_taken_over_in_the_middle_of_a_call(short_path: Path, sounds: Path) -> None:
    async with running_centre(short_path, sounds) as centre:
        seats = await some_seats(centre, 1)
        talking = await talk(centre, seats, 0)
        pid = centre.asterisk_pid
        centre.kill()
        file = centre.config / "telephony.yaml"
        settings = yaml.safe_load(file.read_text())
        settings["seats"].append({"id": "seat-13", "number": 8013})
        file.write_text(yaml.safe_dump(settings, allow_unicode=True))
        await centre.serve()
        assert centre.asterisk_pid == pid
        await talking.both_hear()
        new = await centre.seat(13, ring_then_answer(0.1), tone=tone_of(20))
        other = await talk(centre, [new], 1)  # seat-01 talks: only the new seat is free
        await asyncio.gather(talking.both_hear(), other.both_hear())
        await talking.hang_up()
        await other.hang_up()
        await centre.quiet()


async def test_asterisk_has_no_rights_and_no_secret_leaves_its_file(short_path: Path, sounds: Path) -> None:
    async with running_centre(short_path, sounds) as centre:
        told = status(centre.asterisk_pid)
        assert told["NoNewPrivs"] == "1"
        assert {told[f"Cap{each}"] for each in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16} or os.geteuid() != 0
        assert {told[f"Cap{each}"] for each in ("Prm", "Eff", "Amb")} == {"0" * 16}
        assert os.getsid(centre.asterisk_pid) == centre.asterisk_pid

        await some_seats(centre, 1)
        secrets = {file: file.read_text() for file in (centre.state / "secrets").iterdir()}
        assert {file.stat().st_mode & 0o777 for file in secrets} == {0o600}
        assert (centre.state / "secrets").stat().st_mode & 0o777 == 0o700
        etc = centre.state / "asterisk" / "etc"
        assert {file.stat().st_mode & 0o777 for file in etc.iterdir()} == {0o600}
        assert etc.stat().st_mode & 0o777 == 0o700
        stopped = await asyncio.to_thread(centre.liandong, "stop", "--now", "--state", str(centre.state))
        assert stopped.returncode == 0
        said = [centre.told.encode(), (short_path / "v.log").read_bytes()]
        public = [file for file in centre.state.rglob("*") if file.is_file() and file not in secrets]
        said += [file.read_bytes() for file in public if not file.is_relative_to(etc)]
        assert not [text for text in secrets.values() for each in said if text.strip().encode() in each]


def status(pid: int) -> dict[str, str]:
    """What the system tells of a process."""
    return dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())


@contextmanager
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """Somebody else's process, for a while."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def children_of(parent: int) -> list[int]:
    """The processes that a process has started."""
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def living(processes: list[int]) -> list[int]:
    """Those that have not ended."""
    return [pid for pid in processes if Path(f"/proc/{pid}/exe").exists()]


def environment(pid: int) -> bytes:
    """What a process was given at its start."""
    return Path(f"/proc/{pid}/environ").read_bytes()


def processes(centre: Centre) -> list[int]:
    """Every process that was told this centre's state folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.fsencode(centre.state) in (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return found


def asterisks(centre: Centre) -> list[int]:
    """Every process that was told this centre's configuration, consoles apart."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if os.fsencode(centre.state / "asterisk" / "etc" / "asterisk.conf") in words and b"-f" in words:
                found.append(int(process.name))
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk, so a full one is NOT PROVED here")
async def test_a_full_disk_costs_recordings_and_nothing_else(short_path: Path, sounds: Path) -> None:
    with small_disk(short_path / "disk", "120m") as disk:
        async with running_centre(short_path, sounds, disk) as centre:
            seats = await some_seats(centre, 2)
            await centre.until("the registrations are on the disk", lambda: registrations(centre), 2)
            await centre.beats(Role.WORKER)
            disk.fill()
            await centre.replaced(Role.WORKER, centre.signal(Role.WORKER, signal.SIGKILL))
            await centre.beats(Role.WORKER)
            await (await talk(centre, seats, 0)).hang_up()
            await seats[0].register()
            seats.append(await centre.seat(3, ring_then_answer(0.1), tone=tone_of(22)))
            talks = [await talk(centre, seats, tone) for tone in range(3)]

            refused = centre.liandong("serve", "--state", f"{disk.folder}/v2")
            assert refused.returncode == 1
            assert re.fullmatch(rf"liandong: {disk.folder}/v2\S*: the disk is full\n", refused.stderr), refused.stderr

            killed = centre.asterisk_pid
            os.kill(killed, signal.SIGKILL)
            await answers_again(centre, killed)
            for talking in talks:
                talking.call.vanish()
                talking.taken.vanish()
            for seat in seats:
                await seat.register()
                await centre.free(seat)
            after = await talk(centre, seats, 1)

            disk.empty()
            await after.hang_up()
            saved = await talk(centre, seats, 2)
            await saved.hang_up()
            await centre.quiet()
            assert (set(saved.voices[:1]), set(saved.voices[1:])) in map(tones, flacs(centre).values())

            disk.fill()
            stopped = await asyncio.to_thread(centre.liandong, "stop", "--now", "--state", f"{disk.folder}/v")
            assert (stopped.returncode, stopped.stdout, stopped.stderr) == (0, "stopped\n", "")
            assert centre.children() == {}


async def registrations(centre: Centre) -> int:
    """How many seats Asterisk has written down; read as bytes, because SQLite cannot open this path from outside."""
    data = (centre.state / "asterisk" / "lib" / "astdb.sqlite3").read_bytes()
    return len(set(re.findall(rb"/registrar/contact/(seat-\d+);", data)))
