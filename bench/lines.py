"""The departments' telephones in a process of their own (`bench.duty`), as a bench sees them."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from bench.clock import Loop
from bench.duty import Duty, Manner, Rung
from bench.voice import Voices

HZ = 1200
_ANSWER_S = 30.0  # the process begins within 1 s


class LinesError(OSError):
    """The telephones do not do what they should."""

    code = "bench-lines"


class Lines:
    """All of them."""

    def __init__(self, process: BaseProcess, pipe: Connection, address: str, port: int) -> None:
        self._process = process
        self._pipe = pipe
        self._news = threading.Condition()
        self.contact = f"{address}:{port}"
        """Where a trunk reaches them."""
        self.rungs: dict[int, Rung] = {}
        """Every call, in the order of their coming, each as it is now."""
        self.hears: Callable[[Rung], None] = lambda rung: None
        """Is called in the thread that hears, with each change."""
        threading.Thread(target=self._hear, daemon=True).start()

    @property
    def pid(self) -> int:
        """Their process."""
        return self._process.pid or 0

    def behave(self, always: Manner, numbers: Mapping[str, Iterable[Manner]] = {}) -> None:
        """From now on a number does the first of its manners, the next call the next; without any left, `always`."""
        self._pipe.send((always, {number: tuple(manners) for number, manners in numbers.items()}))

    def since(self, ns: int, numbers: Iterable[str] = ()) -> list[Rung]:
        """The calls that came after a time, of these numbers or of all."""
        wanted = frozenset(numbers)
        with self._news:
            found = list(self.rungs.values())
        return [each for each in found if each.invited >= ns and (not wanted or each.number in wanted)]

    def wait(self, fact: Callable[[], bool], within_s: float) -> bool:
        """Wait until something is so; False if it was not in time."""
        deadline = time.monotonic() + within_s
        with self._news:
            while not fact():
                if (left := deadline - time.monotonic()) <= 0:
                    return False
                self._news.wait(left)
        return True

    def quiet(self, within_s: float) -> bool:
        """Wait until no call is up or rings; False if one still is."""
        return self.wait(lambda: all(each.over for each in self.rungs.values()), within_s)

    def _hear(self) -> None:
        while True:
            try:
                rung = self._pipe.recv()
            except (EOFError, OSError):
                return
            with self._news:
                self.rungs[rung.id] = rung
                self._news.notify_all()
            self.hears(rung)


@contextmanager
def lines(address: str) -> Iterator[Lines]:
    """Telephones for any number, at one address, until the block ends. Raises LinesError."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_answer, args=(address, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(_ANSWER_S):
            raise LinesError("the telephones did not begin")
        yield Lines(process, ours, address, ours.recv())
    finally:
        ours.send(None)
        process.join(2.0)
        if process.is_alive():
            process.kill()
            process.join()
        ours.close()


def _answer(address: str, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    voices = Voices(address, HZ)
    loop = Loop((voices,))
    duty = Duty(loop, voices, address, pipe.send)

    def order() -> None:
        try:
            wanted = pipe.recv()
        except (EOFError, OSError):
            wanted = None
        if wanted is None:
            loop.stop()
        else:
            duty.behave(*wanted)

    loop.reader(pipe.fileno(), order)
    pipe.send(duty.port)
    loop.run()
