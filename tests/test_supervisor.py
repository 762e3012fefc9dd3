"""The supervisor over real processes: whatever happens to a child, another one comes; nobody is lost or left over."""

import asyncio
import logging
import os
import re
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from liandong import stacks, supervisor
from liandong.beat import Beat, beat_file, read_beat
from liandong.life import Patience
from liandong.lock import CHILDREN, Role, holder
from liandong.notify import Notify
from liandong.process import LONGEST_LOG_BYTES
from liandong.supervisor import Supervisor, end_children, living_children

CALM = Patience(start=20.0, beat=30.0, look=2.0, end=3.0)
QUICK = Patience(start=20.0, beat=1.0, look=2.0, end=3.0)
"""For those who freeze."""
WITHIN_S = 20.0


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Path]:
    """A run folder; no child that holds a lock in it outlives the test."""
    (tmp_path / "run").mkdir()
    (tmp_path / "log").mkdir()
    yield tmp_path / "run"
    for pid in living_children(tmp_path / "run").values():
        os.kill(pid, signal.SIGKILL)


@pytest.fixture(autouse=True)
def _told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="serve")


def logs(run: Path) -> Path:
    return run.parent / "log"


def stand_in(role: Role, run: Path, what: str) -> list[str]:
    return [sys.executable, "-m", "tests.stand_in", role.child, str(run), what]


def one(run: Path, what: str, role: Role = Role.ENGINE, patience: Patience = CALM) -> Supervisor:
    """A supervisor of one child."""
    return Supervisor(run, logs(run), {role: stand_in(role, run, what)}, dict.fromkeys(CHILDREN, patience))


@asynccontextmanager
async def supervised(supervising: Supervisor) -> AsyncIterator[asyncio.Event]:
    """Supervise until the event is set or the block ends; then every child must end."""
    ended = asyncio.Event()
    task = asyncio.create_task(supervising.run(ended))
    try:
        yield ended
    finally:
        ended.set()
        async with asyncio.timeout(WITHIN_S):
            await task


async def until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not what():  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(0.01)


async def beats(run: Path, role: Role = Role.ENGINE, but: int = 0) -> int:
    """Wait until a child of this role has beaten that is another one than `but`; its process number."""

    def beaten() -> bool:
        beat = read_beat(beat_file(run, role))
        return beat is not None and beat.pid not in (0, but) and beat.pid == holder(run, role)

    await until(beaten)
    pid = holder(run, role)
    assert pid is not None
    return pid


async def test_a_killed_child_is_back_long_before_its_beat_is_missed(run: Path) -> None:
    supervising = one(run, "lives")
    async with supervised(supervising):
        await supervising.beaten(Role.ENGINE)
        old = await beats(run)
        killed = time.monotonic()
        os.kill(old, signal.SIGKILL)
        await beats(run, but=old)
        assert time.monotonic() - killed < WITHIN_S < CALM.beat
    assert living_children(run) == {}


async def test_every_child_has_a_session_of_its_own_reads_nothing_and_writes_into_its_own_log(run: Path) -> None:
    commands = {role: stand_in(role, run, "lives") for role in CHILDREN}
    async with supervised(Supervisor(run, logs(run), commands)):
        for role in CHILDREN:
            pid = await beats(run, role)
            assert os.getsid(pid) == pid
            links = [os.readlink(f"/proc/{pid}/fd/{number}") for number in (0, 1, 2)]
            assert links == ["/dev/null", *[str(logs(run) / f"{role.child}.log")] * 2]


async def test_a_stopped_child_is_killed_after_its_stacks_tell_what_it_did(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with supervised(one(run, "freezes", patience=QUICK)):
        old = await beats(run)
        os.kill(old, signal.SIGSTOP)
        await beats(run, but=old)
        with pytest.raises(ProcessLookupError):
            os.kill(old, 0)
    (first, *_) = sorted(logs(run).glob("engine-*.stacks"))
    assert "stuck_in_the_map (" in first.read_text()
    assert f"Process {old}:" in first.read_text()
    assert f"engine (process {old}) does not move any more" in caplog.text
    assert f"its stacks are in {first}" in caplog.text


@pytest.mark.parametrize("program", ["", "#!/bin/sh\nexec sleep 60\n", "#!/bin/sh\nexit 1\n"])
async def test_a_look_that_fails_or_hangs_delays_no_kill(
    run: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    py_spy = run / "py-spy"
    if program:
        py_spy.write_text(program)
        py_spy.chmod(0o755)
    monkeypatch.setattr(stacks, "PY_SPY", py_spy)
    patience = Patience(start=20.0, beat=0.5, look=0.3, end=1.0)
    async with supervised(one(run, "freezes", patience=patience)):
        old = await beats(run)
        await until(lambda: not Path(f"/proc/{old}/cmdline").exists() or holder(run, Role.ENGINE) != old)
        await until(lambda: re.search("its stacks could not be (written|read)", caplog.text))


async def test_a_child_that_never_beats_is_killed_too(run: Path, caplog: pytest.LogCaptureFixture) -> None:
    patience = Patience(start=1.0, beat=6.0, look=2.0, end=1.0)
    async with supervised(one(run, "silent", patience=patience)):
        await until(lambda: "does not come to life" in caplog.text)
        await until(lambda: [*logs(run).glob("engine-*.stacks")])


async def test_a_child_that_ends_at_once_is_tried_again_and_again_and_told_once_with_its_last_words(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def tries() -> int:
        log = logs(run) / "engine.log"
        return log.read_text().count("the map is missing") if log.exists() else 0

    began = time.monotonic()
    async with supervised(one(run, "dies")):
        await until(lambda: tries() == 4)
        assert time.monotonic() - began >= 1.5  # 0, then 0.5 and 1 s of patience
    told = [record.message for record in caplog.records if "started again" in record.message]
    assert told == ["engine ended, exit code 3: the map is missing; it is started again. engine.log has more"]


async def test_a_child_that_cannot_be_started_is_told(run: Path, caplog: pytest.LogCaptureFixture) -> None:
    commands = {Role.WEB: ["/no/such/program"]}
    async with supervised(Supervisor(run, logs(run), commands)):
        await until(lambda: "web ended, it could not be started: " in caplog.text)


async def test_a_supervisor_that_dies_leaves_the_children_to_the_next_one(run: Path) -> None:
    first = asyncio.create_task(one(run, "lives").run(asyncio.Event()))
    pid = await beats(run)
    first.cancel()
    await asyncio.wait({first})
    assert holder(run, Role.ENGINE) == pid
    next_one = one(run, "lives")
    async with supervised(next_one):
        await next_one.beaten(Role.ENGINE)
        assert holder(run, Role.ENGINE) == pid
        os.kill(pid, signal.SIGKILL)  # and is watched over by it
        await beats(run, but=pid)
    assert living_children(run) == {}


async def test_an_adopted_child_that_was_frozen_long_before_is_known_by_its_last_beat(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = asyncio.create_task(one(run, "freezes").run(asyncio.Event()))  # calm: it does not mind yet
    pid = await beats(run)
    first.cancel()
    await asyncio.wait({first})
    os.kill(pid, signal.SIGSTOP)
    last = read_beat(beat_file(run, Role.ENGINE))
    assert last is not None
    await until(lambda: time.monotonic() - last.at > QUICK.beat)
    async with supervised(one(run, "freezes", patience=QUICK)):
        await beats(run, but=pid)
    assert f"engine (process {pid}) is running already: adopted" in caplog.messages


async def test_a_child_that_was_started_with_something_else_is_replaced(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = asyncio.create_task(one(run, "lives").run(asyncio.Event()))
    old = await beats(run)
    first.cancel()
    await asyncio.wait({first})
    async with supervised(one(run, "deaf")):
        await beats(run, but=old)
    assert f"engine (process {old}) runs with something else than now: it is replaced" in caplog.text


async def test_children_end_one_after_the_other_and_those_that_do_not_are_killed(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    how = {Role.ENGINE: "deaf", Role.WEB: "lives", Role.WORKER: "lives"}
    commands = {role: stand_in(role, run, what) for role, what in how.items()}
    willing = replace(CALM, end=WITHIN_S)
    patience = {Role.ENGINE: CALM, Role.WEB: willing, Role.WORKER: willing}
    supervising = Supervisor(run, logs(run), commands, patience)
    async with supervised(supervising) as ended:
        await asyncio.gather(*(supervising.beaten(role) for role in CHILDREN))
        pid = holder(run, Role.ENGINE)
        caplog.clear()
        ended.set()
    assert living_children(run) == {}
    assert caplog.messages == [
        "worker has ended",
        f"engine (process {pid}) does not end: killed",
        "engine has ended",
        "web has ended",
    ]


async def test_a_child_that_is_not_wanted_this_time_ends_and_so_does_what_a_dead_supervisor_left(run: Path) -> None:
    commands = {role: stand_in(role, run, "lives") for role in CHILDREN}
    first = asyncio.create_task(Supervisor(run, logs(run), commands).run(asyncio.Event()))
    pids = {role: await beats(run, role) for role in CHILDREN}
    first.cancel()
    await asyncio.wait({first})
    only = Supervisor(run, logs(run), {Role.WORKER: commands[Role.WORKER]})
    task = asyncio.create_task(only.run(asyncio.Event()))
    await until(lambda: living_children(run) == {Role.WORKER: pids[Role.WORKER]})
    task.cancel()
    await asyncio.wait({task})
    await end_children(run, logs(run))
    assert living_children(run) == {}


async def test_a_lock_that_names_somebody_else_harms_nobody(run: Path) -> None:
    """A number in a lock's file may be older than the lock; its process is a stranger by now."""
    stranger = await asyncio.create_subprocess_exec("sleep", "60")
    held = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import fcntl, sys, time; f = open(sys.argv[1], 'r+'); fcntl.flock(f, fcntl.LOCK_EX); print(1, flush=True)\n"
        "time.sleep(60)",
        str(_lock(run, stranger.pid)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert held.stdout is not None
    await held.stdout.readline()
    assert holder(run, Role.ENGINE) == stranger.pid
    await end_children(run, logs(run))
    assert living_children(run) == {}
    assert (stranger.returncode, held.returncode) == (None, None)
    for process in (stranger, held):
        process.kill()
        await process.wait()


def _lock(run: Path, pid: int) -> Path:
    path = run / Role.ENGINE.value
    path.write_text(f"{pid}\n")
    return path


async def test_beats_of_others_and_of_before_the_machines_start_are_no_beats_of_a_child(run: Path) -> None:
    patience = Patience(start=1.5, beat=1.0, look=2.0, end=1.0)
    supervising = one(run, "silent", patience=patience)
    async with supervised(supervising):
        await until(lambda: holder(run, Role.ENGINE))
        pid = holder(run, Role.ENGINE)
        Beat(beat_file(run, Role.ENGINE)).write()
        data = beat_file(run, Role.ENGINE).read_bytes()
        future = data.replace(str(os.getpid()).encode(), str(pid).encode()).replace(b'"at": ', b'"at": 9')
        beat_file(run, Role.ENGINE).write_bytes(future)
        assert read_beat(beat_file(run, Role.ENGINE)) is not None
        await until(lambda: holder(run, Role.ENGINE) != pid)
        assert not supervising._children[Role.ENGINE].beaten.is_set()


async def test_a_supervisor_that_was_stopped_itself_blames_no_child(
    run: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "ASLEEP_S", 0.5)
    patience = Patience(start=20.0, beat=3.0, look=2.0, end=3.0)
    async with supervised(one(run, "lives", patience=patience)):
        pid = await beats(run)
        os.kill(pid, signal.SIGSTOP)  # a paused machine: all of us stand still
        time.sleep(patience.beat + 0.5)  # noqa: ASYNC251
        os.kill(pid, signal.SIGCONT)
        last = read_beat(beat_file(run, Role.ENGINE))
        await until(lambda: read_beat(beat_file(run, Role.ENGINE)) not in (None, last))
        await until(lambda: "no child is blamed" in caplog.text)
        assert holder(run, Role.ENGINE) == pid
    assert "does not move" not in caplog.text


async def test_a_long_log_is_put_aside_when_its_child_starts(run: Path) -> None:
    log = logs(run) / "engine.log"
    log.write_bytes(b"x" * (LONGEST_LOG_BYTES + 1))
    async with supervised(one(run, "lives")):
        await beats(run)
        assert log.stat().st_size == 0
        assert log.with_name("engine.log.1").stat().st_size == LONGEST_LOG_BYTES + 1


def test_stacks_of_a_child_that_freezes_again_and_again_do_not_fill_the_disk(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacks, "KEPT", 3)
    kept = logs(run) / "web-20260101T000000.000000Z.stacks"
    kept.write_text("another's")
    for _ in range(5):
        stacks.write_stacks(os.getpid(), logs(run), "engine", 5.0)
    assert len([*logs(run).glob("engine-*.stacks")]) == 3
    assert kept.exists()


@pytest.mark.parametrize("abstract", [False, True])
async def test_systemd_is_told(short_path: Path, abstract: bool) -> None:
    place = f"@{short_path}/notify" if abstract else f"{short_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(place.replace("@", "\0"))
        systemd.setblocking(False)
        environment = {"NOTIFY_SOCKET": place, "WATCHDOG_USEC": "200000", "WATCHDOG_PID": str(os.getpid()), "A": "b"}
        notify = Notify.taken_from(environment)
        assert environment == {"A": "b"}
        notify.tell("READY=1")
        assert systemd.recv(100) == b"READY=1"
        loop = asyncio.get_running_loop()
        alive = asyncio.create_task(notify.keep_alive())
        began = loop.time()
        for _ in range(3):
            assert await asyncio.wait_for(loop.sock_recv(systemd, 100), WITHIN_S) == b"WATCHDOG=1"
        assert loop.time() - began >= 0.18
        alive.cancel()


@pytest.mark.parametrize(
    "environment",
    [{}, {"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}],
)
async def test_without_systemd_nobody_is_told_and_nothing_breaks(environment: dict[str, str]) -> None:
    notify = Notify.taken_from(environment)
    notify.tell("READY=1")
    async with asyncio.timeout(WITHIN_S):
        await notify.keep_alive()
