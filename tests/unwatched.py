"""A supervisor that stands still, so that a scene's engine is dead or frozen for as long as the scene wants."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from liandong.lock import Role
from tests.centre import Centre


@contextmanager
def unwatched(centre: Centre) -> Iterator[None]:
    """Nobody replaces a child until the block ends. Then the supervisor blames nobody for that time."""
    assert centre.process is not None
    centre.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        centre.process.send_signal(signal.SIGCONT)


@contextmanager
def frozen(centre: Centre) -> Iterator[None]:
    """The engine stands still until the block ends, and is the same one afterwards."""
    with unwatched(centre):
        centre.signal(Role.ENGINE, signal.SIGSTOP)
        try:
            yield
        finally:
            centre.signal(Role.ENGINE, signal.SIGCONT)
