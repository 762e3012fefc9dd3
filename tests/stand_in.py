"""A stand-in for a child of the supervisor: `python -m tests.stand_in ROLE RUN WHAT`; it does what a test wants."""

import asyncio
import signal
import sys
import time
from pathlib import Path

from liandong.beat import Beat
from liandong.lock import Role, holding


async def live(role: Role, run: Path) -> None:
    """Beat until told to end, and sit in one named function meanwhile."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    beating = asyncio.create_task(Beat.of(run, role).go_on())
    await ended.wait()
    beating.cancel()


def stuck_in_the_map(beat: Beat) -> None:
    """What a frozen process is doing, from its only beat on."""
    beat.write()
    time.sleep(3600)


async def freeze(role: Role, run: Path) -> None:
    """Beat once, and then hold the event loop for ever."""
    stuck_in_the_map(Beat.of(run, role))


async def deaf(role: Role, run: Path) -> None:
    """Beat on, whoever asks it to end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    await Beat.of(run, role).go_on()


async def silent(role: Role, run: Path) -> None:
    """Never beat."""
    await asyncio.sleep(3600)


def main(name: str, run: str, what: str) -> int:
    role = Role[name.upper()]
    if what == "dies":
        print("the map is missing", file=sys.stderr)
        return 3
    with holding(Path(run), role):
        asyncio.run({"lives": live, "freezes": freeze, "deaf": deaf, "silent": silent}[what](role, Path(run)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
