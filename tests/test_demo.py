"""The demo as a stranger runs it."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from liandong.play.api import until
from liandong.play.city import HOST
from liandong.play.timeline import NotSeen
from phones import Phone, ring_then_answer

COMMAND = [sys.executable, "-m", "liandong.command", "demo"]
IN_ORDER = (
    "zhang-wei signs in at seat-01",
    "13800000101 dials 119",
    "chooses seat-01 (longest-idle)",
    "seat-01 rings",
    "answered by seat-01",
    "-0001 is begun, a draft",
    "is filled in: type house-fire, grade III, place 启明区晨光路87号6单元五楼",
    "is submitted",
    "major-fire starts: types: house-fire",
    "line 1 is dialled: 87000119",
    "is killed, while duty lines ring",
    "engine      is gone",
    "engine      is back",
    "police      ESCALATED: the deadline has passed",
    "police      ACKNOWLEDGED by key",
    "every department has acknowledged",
    "fire        reports by telephone: on-scene",
    "fire        reports: done, 明火已扑灭，两人获救",
    "is closed: handled",
    "each order is acknowledged once",
    "of the caller's words left",
    "8 recordings are verified",
    "the journal is verified",
    "All that the demo started is stopped.",
)
"""What is told, one after the other."""
WHENEVER = (
    "the second caller hears a person all the same",
    "best: sent by the telephone, 39.62775 85.35261 ± 25 m",
    "fire        87000119 is busy",
    "fire        87001119 rings",
    "medical     ACKNOWLEDGED by key",
    "power       87000202 presses 9: cannot take it",
    "gas         87000203 hung up without a key",
    "police      87000110 was picked up, the order was spoken, nobody pressed a key",
    "dispatcher  is told: police",
    "in charge there: 启明区, 启明消防救援站, 北区急救站, 晨光派出所",
    ", rung by the dialplan alone (written afterwards",
    "the call to fire is kept",
    "the call to 119 is kept",
    *(f"{each:<11} ACKNOWLEDGED by key" for each in ("fire", "traffic", "power", "gas", "water")),
)
"""And what comes when it comes: what is found out beside a call, seven departments at once, recordings."""


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


def begun(state: Path, *options: str) -> subprocess.Popen[str]:
    """The demo, in a terminal that is not narrow."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "120"}
    command = [*COMMAND, "--state", str(state), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What it has told until it said this."""
    assert process.stdout is not None
    told = ""
    while words not in told:
        line = process.stdout.readline()
        if not line:
            assert process.stderr is not None
            raise AssertionError(f"the demo ended:\n{told}{process.stderr.read()}")
        told += line
    return told


def test_the_demo_tells_the_whole_way_and_leaves_nothing_running(short_path: Path) -> None:
    state = short_path / "v"
    with begun(state, "--exit") as process:
        told, complaints = process.communicate(timeout=300)
    assert process.returncode == 0, f"{told}\n{complaints}"
    place = 0
    for fact in IN_ORDER:
        assert fact in told[place:], f"{fact!r} does not come, or too early:\n{told}"
        place = told.index(fact, place) + 1
    assert [fact for fact in WHENEVER if fact not in told] == [], told
    assert processes_of(state) == []
    assert (state / "centre" / "departments.yaml").is_file()


async def test_the_demo_stays_up_for_a_stranger_s_own_call_and_his_own_incident(short_path: Path) -> None:
    state = short_path / "v"
    with begun(state) as process:
        told = await asyncio.to_thread(read_until, process, "Ctrl-C stops everything")
        assert (state / "centre" / "plans").is_dir()
        await calls(told)
        await asyncio.to_thread(submits, told)
        assert len(processes_of(state)) >= 4
        process.send_signal(signal.SIGINT)
        told, complaints = await asyncio.to_thread(process.communicate, timeout=60)
        assert told.endswith("All that the demo started is stopped.\n"), complaints
        assert process.returncode == 0, complaints
    assert processes_of(state) == []


async def calls(told: str) -> None:
    """With one softphone he is answered by a trial telephone; with two his own one rings."""
    accounts = dict(re.findall(r"account   (\S+)\n  password  (\S+)", told))
    (server,) = set(re.findall(r"server    ([\d.]+):(\d+) \(UDP\)", told))
    address = (server[0], int(server[1]))
    (api,) = re.findall(r"(http://\S+)/api/docs", told)
    (token,) = re.findall(r"^  supervisor +(\S+)$", told, re.MULTILINE)

    async def gone() -> bool:
        seat = await asyncio.to_thread(asked, "GET", f"{api}/api/v1/seats/seat-02", token)
        return not json.loads(seat)["reachable"]

    async with Phone(address, "caller-1", accounts["caller-1"]) as caller:
        await caller.register()
        call = await caller.dial("119")
        await call.answered(30)
        await call.hears_something()
        await call.hang_up()
        async with Phone(address, "seat-01", accounts["seat-01"], policy=ring_then_answer()) as seat:
            await seat.register()
            await until("the trial telephone goes", gone)
            call = await caller.dial("119")
            await call.answered(30)
            await (await seat.incoming()).hang_up()


def submits(told: str) -> None:
    """An incident by the interface reaches its departments."""
    (address,) = re.findall(r"(http://\S+)/api/docs", told)
    tokens = dict(re.findall(r"^  (call-taker|dispatcher|supervisor) +(\S+)$", told, re.MULTILINE))
    assert b"<title>" in asked("GET", f"{address}/api/docs")
    begun_with = {"changes": {"type": "gas-leak", "place": "晨光路12号"}}
    done = json.loads(asked("POST", f"{address}/api/v1/incidents", tokens["call-taker"], begun_with))["incident"]
    submit = f"{address}/api/v1/incidents/{done['number']}/submit"
    done = json.loads(asked("POST", submit, tokens["call-taker"], {"version": done["version"]}))
    assert done["orders"]
    deadline = time.monotonic() + 120
    while open_orders := json.loads(asked("GET", f"{address}/api/v1/orders", tokens["dispatcher"]))["orders"]:
        assert time.monotonic() < deadline, open_orders
        time.sleep(0.2)


async def test_ctrl_c_in_the_middle_stops_everything_and_a_taken_trunk_is_given_way_to(short_path: Path) -> None:
    state = short_path / "v"
    other = Phone((HOST, 9), "somebody else", local=(HOST, 5060))
    with suppress(OSError):  # it is taken already: as well
        await other.open()
    try:
        with begun(state, "--exit") as process:
            await asyncio.to_thread(read_until, process, "dials 119")
            process.send_signal(signal.SIGINT)
            told, complaints = await asyncio.to_thread(process.communicate, timeout=60)
            assert told.endswith("All that the demo started is stopped.\n"), complaints
            assert process.returncode == 130, complaints
    finally:
        await other.close()
    assert processes_of(state) == []


def asked(method: str, address: str, token: str = "", body: dict[str, Any] | None = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(address, data, headers, method=method), timeout=30) as answer:
        read: bytes = answer.read()
        return read


async def test_a_fact_that_does_not_come_is_named() -> None:
    async def never() -> bool:
        await asyncio.sleep(0)
        return False

    with pytest.raises(NotSeen, match="the moon"):
        await until("the moon", never, 0.0)
