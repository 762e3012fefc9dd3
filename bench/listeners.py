"""Listeners of the live feed in a process of their own, which note when each fact came: `python -m bench.listeners`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence

from bench.ear import Ear

WITHIN_S = 120
_FACT = b'{"kind":"fact","sequence":'


class Facts:
    """When each fact came to one listener."""

    def __init__(self, until: int) -> None:
        self._until = until
        self.ready = asyncio.Event()
        self.done = asyncio.Event()
        """Everything came, or the feed ended."""
        self.first = 0
        """Sequence of the first fact heard."""
        self.came: list[float] = []
        """When each fact came, from `first` on, in seconds of the machine's monotonic clock."""

    def heard(self, payload: bytes, now: float) -> None:
        """A message of the feed."""
        if payload.startswith(_FACT):
            self._fact(int(payload[len(_FACT) :].partition(b",")[0]), now)
        elif payload.startswith(b'{"kind":"snapshot"'):
            self.ready.set()

    def _fact(self, sequence: int, now: float) -> None:
        self.first = self.first or sequence
        if sequence != self.first + len(self.came):
            raise RuntimeError(f"fact {sequence} came in place of {self.first + len(self.came)}")
        self.came.append(now)
        if sequence >= self._until:
            self.done.set()


async def listen(port: int, token: str, count: int, until: int) -> None:
    """Listen, say when all do, and at the end what came when."""
    loop = asyncio.get_running_loop()
    told = []
    for _ in range(count):
        facts = Facts(until)
        ear = Ear(token, time.monotonic, facts.heard, facts.done.set)
        await loop.create_connection(lambda: ear, "127.0.0.1", port)  # noqa: B023
        await asyncio.wait_for(facts.ready.wait(), WITHIN_S)
        told.append(facts)
    print("ready", flush=True)
    await asyncio.wait_for(asyncio.gather(*(facts.done.wait() for facts in told)), WITHIN_S)
    print(json.dumps([{"first": facts.first, "came": facts.came} for facts in told]), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Listen as often as asked; the token comes by standard input."""
    parser = argparse.ArgumentParser(prog="python -m bench.listeners", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--until", type=int, required=True, help="sequence of the last fact to hear")
    options = parser.parse_args(arguments)
    asyncio.run(listen(options.port, sys.stdin.readline().strip(), options.count, options.until))
    return 0


if __name__ == "__main__":
    sys.exit(main())
