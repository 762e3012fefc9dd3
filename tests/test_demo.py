"""The demo as a stranger runs it."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from liandong import demo

COMMAND = [sys.executable, "-m", "liandong.command", "demo"]
STORY = (
    "dials 119",
    "hears that it rings",
    "seat-01    answers",
    "is joined to a person",
    "hears the caller's voice",
    "hears the call-taker's voice",
    "hangs up",
    "is free again",
    "is kept",
    "is verified",
    "All that the demo started is stopped.",
)


def asterisks_of(state: Path) -> list[str]:
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
    assert ended.stdout.count("rings, shows") == 2
    places = [ended.stdout.index(fact) for fact in STORY]
    assert places == sorted(places)
    assert asterisks_of(state) == []


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
        assert len(asterisks_of(state)) >= 1
        process.send_signal(signal.SIGINT)
        assert process.stdout.read().endswith("All that the demo started is stopped.\n")
        assert process.wait(60) == 0
    assert asterisks_of(state) == []


async def test_a_fact_that_does_not_come_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "WITHIN_S", 0.0)

    async def never() -> None:
        await asyncio.sleep(0)

    with pytest.raises(demo.NotSeen, match="the moon"):
        await demo._fact("the moon", never)
