"""`python -m liandong.child ROLE`: what every process that the supervisor watches does around its own work.

It takes its role's lock before anything else, so that it can be found by it; lets itself be looked into when it is
frozen; tells its errors into its log, which is its stderr; and ends by SIGTERM or SIGINT. Its work is `run` in the
module of its role, and lasts until `ended` is set:

    async def run(installation: Installation, ended: asyncio.Event) -> None
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import faulthandler
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from liandong.beat import Beat
from liandong.lock import CHILDREN, Role, holding

if TYPE_CHECKING:
    from liandong.installation import Installation

Body = Callable[["Installation", asyncio.Event], Awaitable[None]]

BODIES: Mapping[Role, str] = {role: f"liandong.{role.child}" for role in CHILDREN}
"""The module with each role's work."""

OWN_BEAT = frozenset((Role.ENGINE,))
"""Whose work beats by itself, when it has proved more than that its event loop turns."""

_PR_SET_PTRACER = 0x59616D61  # prctl(2), for the Yama security module
_ANYBODY = -1


def command(role: Role, config: Path, state: Path, made_of: str) -> list[str]:
    """What starts this child; `made_of` names the configuration and version that it will run with."""
    where = ("--config", str(config), "--state", str(state), "--made-of", made_of)
    return [sys.executable, "-m", "liandong.child", role.child, *where]


def main(arguments: Sequence[str] | None = None) -> int:
    """Live until ended; returns the exit code."""
    options = _parser().parse_args(arguments)
    role = Role[options.role.upper()]
    logging.basicConfig(format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", level=logging.INFO)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells which parts of it were loaded
    faulthandler.enable()
    _let_be_looked_into()
    from liandong.command import told

    try:
        with holding(options.state / "run", role):
            # After the lock: these imports take longer than all the rest, and who holds the lock can be found.
            from liandong.installation import Installation

            asyncio.run(_live(role, Installation.found(options.config, options.state)))
    except (ValueError, OSError) as error:
        if (message := told(error)) is None:
            raise
        print(f"liandong {role.child}: {message}", file=sys.stderr)
        return 1
    return 0


async def _live(role: Role, installation: Installation) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    run: Body = import_module(BODIES[role]).run
    if role in OWN_BEAT:
        await run(installation, ended)
        return
    beating = asyncio.create_task(Beat.of(installation.state.run, role).go_on())
    try:
        await run(installation, ended)
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating


def _let_be_looked_into() -> None:
    """Where the system lets only ancestors look into a process, a supervisor that adopted this one must, too."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY, 0, 0, 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="liandong.child", description="One process of a centre that is served.")
    parser.add_argument("role", choices=[role.child for role in CHILDREN])
    parser.add_argument("--config", type=Path, required=True, metavar="DIR")
    parser.add_argument("--state", type=Path, required=True, metavar="DIR")
    parser.add_argument("--made-of", default="", metavar="NAME", help="which configuration; only to be told apart by")
    return parser


if __name__ == "__main__":
    sys.exit(main())
