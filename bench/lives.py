"""The lives of an engine: the bench plays its supervisor, so that one that is killed often starts again at once.

The supervisor waits up to five seconds before it starts an engine that died several times in half a minute: right in
life, and half an hour of waiting here. The web process is started once and stays.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.centre import Centre

END_S = 10.0


class Lives:
    """One engine after the other."""

    def __init__(self, served: Centre) -> None:
        self._served = served
        self._engine = self._child("engine")
        self._web = self._child("web")
        self.since = time.monotonic()
        """When the present one was started."""
        self.own_ends = 0
        """How often one had ended before it was killed."""

    def kill(self) -> None:
        """Kill it, and start the next one at once."""
        if self._engine.poll() is None:
            self._engine.kill()
        else:
            self.own_ends += 1
        self._engine.wait()
        self._engine = self._child("engine")
        self.since = time.monotonic()

    def said(self, words: str) -> int:
        """How often the engines' log says this."""
        return (self._served.state / "log" / "bench-engine.log").read_text(errors="replace").count(words)

    @property
    def bugs(self) -> int:
        """Tracebacks of engines; a speaker that was just beginning as its engine was killed leaves one as well."""
        return self.said("Traceback (most recent call last)") - self.said("in spawn_main")

    def end(self) -> None:
        """Let both end."""
        for each in (self._web, self._engine):
            if each.poll() is None:
                each.terminate()
            try:
                each.wait(END_S)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()

    def _child(self, role: str) -> subprocess.Popen[bytes]:
        where = ("--config", str(self._served.config), "--state", str(self._served.state))
        with (self._served.state / "log" / f"bench-{role}.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "liandong.child", role, *where],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is the bench's
            )


@contextmanager
def lives(served: Centre) -> Iterator[Lives]:
    """An engine and a web process for a centre that is served without them, until the block ends."""
    living = Lives(served)
    try:
        yield living
    finally:
        living.end()
