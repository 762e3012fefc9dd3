"""Lives of the notifier that end after a chosen step, wherever that is: no list of places is needed.

A step is what a task of the edge does between two awaits. After the last one nothing of that life moves any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from pathlib import Path
from typing import Any

_EDGE = "/dispatch/edge/"


class Mortality:
    """Counts the steps of each life, and ends it after so many; who has no number left lives on."""

    def __init__(self, *after: int) -> None:
        self._after = list(after)
        self.steps = 0
        """Of the present life."""
        self.dead = False
        self.died_at: list[str] = []
        """File, line and function of the edge."""
        self.ends: Callable[[], None] = lambda: None
        """Told in the moment of a death."""

    def begin(self) -> None:
        """The next life begins."""
        self.steps, self.dead = 0, False

    def stepped(self, coroutine: object) -> None:
        """A step is done."""
        self.steps += 1
        if self._after and self.steps == self._after[0]:
            self._after.pop(0)
            self.died_at.append(place_of(coroutine))
            self.dead = True
            self.ends()


MORTALITY: ContextVar[Mortality] = ContextVar("mortality")
"""Of the story that a task belongs to."""


class Steps(Coroutine[Any, Any, Any]):
    """A coroutine of a mortal life."""

    def __init__(self, inner: Coroutine[Any, Any, Any], mortality: Mortality) -> None:
        self._inner, self._mortality = inner, mortality
        self._dead = self._unwinds = False

    def send(self, value: Any) -> Any:
        if (self._mortality.dead or self._dead) and not self._unwinds:
            self._dead = True  # also when the next life has begun
            never: Any = asyncio.get_running_loop().create_future()
            never._asyncio_future_blocking = True
            return never
        awaited = self._inner.send(value)
        if not self._unwinds:
            self._mortality.stepped(self._inner)
        return awaited

    def throw(self, *error: Any) -> Any:
        self._unwinds = self._unwinds or self._mortality.dead
        return self._inner.throw(*error)

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Any:
        return (yield from self._inner.__await__())


def place_of(coroutine: object) -> str:
    """Where in the edge it waits."""
    place, each = "nowhere", coroutine
    while each is not None:
        code, frame = getattr(each, "cr_code", None), getattr(each, "cr_frame", None)
        if code is not None and frame is not None and _EDGE in code.co_filename:
            place = f"{Path(code.co_filename).name}:{frame.f_lineno} {code.co_name}"
        each = getattr(each, "cr_await", None)
    return place


def mortal_tasks(loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any) -> asyncio.Task[Any]:
    """A task factory: the edge's tasks are mortal; who wishes something is no part of it."""
    code = getattr(coroutine, "cr_code", None)
    if code is not None and _EDGE in code.co_filename and code.co_name != "wish":
        coroutine = Steps(coroutine, MORTALITY.get())
    return asyncio.Task(coroutine, loop=loop, **more)
