"""The demo as a stranger runs it."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from liandong.play.api import until
from liandong.play.timeline import NotSeen

COMMAND = [sys.executable, "-m", "liandong.command", "demo"]
STORY = (
    "zhang-wei signs in at seat-01",
    "dials 119",
    "chooses seat-01 (longest-idle)",
    "seat-01 rings",
    "answered by seat-01",
    "caller and seat-01 hear each other",
    "kills the engine",
    "caller and seat-01 hear each other",
    "caller and seat-02 hear each other",
    "knows the first call",
    "knows the second, which seat-02 answered",
    "over after",
    "has the caller left",
    "recording   is verified",
    "journal     is verified",
    "All that the demo started is stopped.",
)


def processes_of(state: Path) -> list[str]:
    """Processes whose command line names this state folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if os.fsencode(state) in process.read_bytes():
                found.append(process.parent.name)
        except OSError:
            continue
    return found


def test_the_demo_tells_its_call_in_order_and_leaves_nothing_running(short_path: Path) -> None:
    state = short_path / "v"
    ended = subprocess.run(
        [*COMMAND, "--exit", "--state", state], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    place = 0
    for fact in STORY:
        place = ended.stdout.index(fact, place) + 1
    assert processes_of(state) == []


def test_the_demo_stays_up_tells_two_accounts_and_ctrl_c_stops_all_of_it(short_path: Path) -> None:
    state = short_path / "v"
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([*COMMAND, "--state", state], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        told = ""
        while "Ctrl-C stops everything" not in told:
            line = process.stdout.readline()
            assert line, f"the demo ended:\n{told}"
            told += line
        assert "account   seat-01" in told
        assert "account   caller-1" in told
        assert told.count("supervisor ") == 1
        assert len(processes_of(state)) >= 4
        process.send_signal(signal.SIGINT)
        assert process.stdout.read().endswith("All that the demo started is stopped.\n")
        assert process.wait(60) == 0
    assert processes_of(state) == []


async def test_a_fact_that_does_not_come_is_named() -> None:
    async def never() -> bool:
        await asyncio.sleep(0)
        return False

    with pytest.raises(NotSeen, match="the moon"):
        await until("the moon", never, 0.0)
