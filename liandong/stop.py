"""`liandong stop`: the only thing that ends Asterisk; then everything else of the centre."""

from __future__ import annotations

import asyncio
import os
import select
from pathlib import Path

from config.state import State, StateError
from liandong.installation import running_asterisk
from liandong.lock import Role, holder, holding
from liandong.supervisor import end_children, living_children
from telephony.asterisk.process import Asterisk, AsteriskError

ENDING_S = 60.0  # the service finishes the recordings of the last calls before it ends


def stop(state: Path, *, now: bool) -> int:
    """Stop the centre in this state directory; with calls up, wait for their end unless `now`."""
    folder = State(state.absolute())
    asterisk = running_asterisk(folder)
    served_by = holder(folder.run, Role.SERVE)
    if asterisk is None and served_by is None and not living_children(folder.run):
        raise StateError("not_running", f"{folder.path}: nothing runs here; name the state folder with --state")
    with holding(folder.run, Role.STOP):
        if asterisk is not None:
            if not now:
                _tell_calls(asterisk)
            asterisk.stop(now=now)
        if served_by is not None:
            _wait_for(served_by)
        # What is still there is what a supervisor that died has left behind.
        asyncio.run(end_children(folder.run, folder.log))
    (folder.run / "ports.json").unlink(missing_ok=True)
    print("stopped")
    return 0


def _tell_calls(asterisk: Asterisk) -> None:
    try:
        channels = len(asterisk.live_channels())
    except AsteriskError as error:
        raise AsteriskError(f"{error}; it was not stopped: `liandong stop --now` ends it by force") from error
    if channels:
        print(
            f"waiting for a moment without calls, {channels} channels are up; new calls are still taken. "
            "Ctrl-C takes the stop back, --now cuts the calls",
            flush=True,
        )


def _wait_for(pid: int) -> None:
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if not select.select([watched], [], [], ENDING_S)[0]:
            raise StateError("still_ending", f"process {pid} is still finishing recordings; look again later")
    finally:
        os.close(watched)
