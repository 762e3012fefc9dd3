"""The facts of a call that ended while no engine lived, put down by a process that Asterisk runs at the hang-up.

They are a second source beside the channel event log, for calls that it lacks: one file STATE/log/hangups/CALL.json a
call, there whole or not at all. The dialplan runs two such processes at once at most, and none while the engine lives:
one costs 40 ms, and many hang-ups in one second must not be felt by the calls that go on.

Rules: this process imports little, ends by itself within seconds, and says nothing unless it failed. Of pyst2 it takes
the protocol alone: pyst2 writes all that it hears to its error stream and escapes nothing, so it gets a silent one, and
nothing that a caller wrote goes into a command.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import unquote

WITHIN_S = 5  # for the whole process; a stuck one would keep the caller's channel
SCRIPT = "liandong-hangup"
"""The script's name in Asterisk's folder of such scripts."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,79}")
_ASKED = "|".join(
    (
        "${LD_CALL}",
        "${URIENCODE(${LD_CALLED})}",
        "${URIENCODE(${CALLERID(num)})}",
        "${LD_ARRIVED}",
        "${LD_ANSWERED}",  # empty, or when and with whom
        "${LD_ENDED}",
        "${LD_PATH}",
        "${DIALSTATUS}",
        "${HANGUPCAUSE}",
    )
)
"""All that is wanted, in one question: each is a round trip."""

log = logging.getLogger("telephony.hangup")


@dataclass(frozen=True, slots=True)
class HangUp:
    """One call that has ended. Times are seconds since the epoch, by Asterisk's clock."""

    call: str
    called: str
    caller: str
    """The caller's number; empty: withheld."""
    arrived: float | None
    answered: float | None
    """When the caller and a person were joined, the last time; None: never."""
    ended: float | None
    seat: str | None
    """Who was joined with the caller: a seat, or `neighbour-ID`."""
    path: str
    """Who chose that seat: `engine` or `fallback`; empty: nobody yet."""
    outcome: str
    """Asterisk's word for how the last ringing ended (DIALSTATUS); empty: nothing rang."""
    cause: int
    """Q.850; 16 is a normal end; 0: unknown."""


def script(python: Path) -> str:
    """The text of the script that Asterisk runs; `python` is the interpreter in which Liandong is installed."""
    return (
        "#!/bin/sh\n# Written by Liandong. Asterisk runs it when a caller has hung up and the engine is away.\n"
        f'exec nice -n 5 {python} -I -m {__name__} "$@"\n'
    )


def read_spool(folder: Path) -> list[HangUp]:
    """All that was put down and not taken out, the oldest first. What cannot be read is told and left.

    Raises OSError when the folder cannot be read; one that is missing is empty.
    """
    found = []
    for file in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        if file.name.startswith("."):
            continue
        try:
            found.append(_read(file.read_bytes()))
        except FileNotFoundError:
            continue
        except ValueError as error:
            log.warning("%s: no facts of a call: %s", file, error)
    return sorted(found, key=lambda each: (each.ended or 0.0, each.call))


def take_out(folder: Path, call: str) -> None:
    """This call is in the journal: its file goes. It is no error if there is none."""
    (folder / f"{_checked(call)}.json").unlink(missing_ok=True)


def put(folder: Path, hang_up: HangUp) -> None:
    """Put the facts of a call down; they are on the disk when this returns. Raises OSError, ValueError."""
    name = _checked(hang_up.call)
    temporary = folder / f".{name}.part"
    flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    with open(os.open(temporary, flags, 0o640), "wb") as file:  # noqa: PTH123 - a descriptor, not a path
        file.write(json.dumps(asdict(hang_up), ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / f"{name}.json")
    there = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(there)
    finally:
        os.close(there)


def parse(told: str) -> HangUp:
    """The facts, as the dialplan's variables tell them. Raises ValueError."""
    values = told.split("|")
    if len(values) != 9:
        raise ValueError(f"{len(values)} values instead of 9")
    call, called, caller, arrived, joined, ended, path, outcome, cause = values
    answered, _, seat = joined.partition(" ")
    return HangUp(
        call=_checked(call),
        called=unquote(called),
        caller=unquote(caller),
        arrived=_seconds(arrived),
        answered=_seconds(answered),
        ended=_seconds(ended),
        seat=seat or None,
        path=path,
        outcome=outcome,
        cause=int(cause or 0),
    )


def _read(data: bytes) -> HangUp:
    values = json.loads(data)
    if not isinstance(values, dict):
        raise ValueError("not an object")
    try:
        hang_up = HangUp(**values)
    except TypeError as error:
        raise ValueError(error) from None
    texts = (hang_up.called, hang_up.caller, hang_up.path, hang_up.outcome)
    times = (hang_up.arrived, hang_up.answered, hang_up.ended)
    if not (
        all(isinstance(text, str) for text in texts)
        and all(time is None or isinstance(time, float) for time in times)
        and (hang_up.seat is None or isinstance(hang_up.seat, str))
        and isinstance(hang_up.cause, int)
        and isinstance(hang_up.call, str)
    ):
        raise ValueError("a value of another kind")
    _checked(hang_up.call)
    return hang_up


def _checked(call: str) -> str:
    if not _ID.fullmatch(call):
        raise ValueError(f"no id of a call: {call!r}")
    return call


def _seconds(text: str) -> float | None:
    return float(text) if text else None


def _ask() -> str:
    """The dialplan's values, asked of Asterisk."""
    from asterisk.agi import AGI  # here: whoever only reads the spool doesn't need it

    with io.TextIOWrapper(sys.stdin.buffer, "utf-8", "replace") as asterisk, Path(os.devnull).open("w") as silence:
        agi = AGI(stdin=asterisk, stderr=silence)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # Asterisk's word for "hung up", which is why we are here
        return str(agi.get_full_variable(_ASKED))


def main(arguments: Sequence[str]) -> int:
    """What Asterisk runs, with the folder as its one argument."""
    signal.alarm(WITHIN_S)
    try:
        put(Path(arguments[0]), parse(_ask()))
    except Exception as error:  # noqa: BLE001 - whatever it was, one line is all that Asterisk's log needs of it
        print(f"liandong: a call's end was not put down: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    finally:
        signal.alarm(0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
