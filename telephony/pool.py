"""Worker processes for what would hold up an event loop; they live no longer than who started them."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress

_PR_SET_PDEATHSIG = 1  # prctl(2)


def pool(workers: int, behind: int) -> ProcessPoolExecutor:
    """A pool whose processes come when they are needed, each `behind` (nice) who started them."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(os.getpid(), behind))


def _begin(parent: int, behind: int) -> None:
    """Nobody who was killed leaves one behind that writes into the files of the next."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # it was killed before we asked for that
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the parent's to answer
    os.nice(behind)
