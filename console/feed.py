"""The live feed: facts in order without gaps or doubles, and between them what is so right now.

Who begins to listen hears a snapshot, then every fact after the one he names, from the journal until he has caught up,
then from the engine as they are committed. Rules:

- First listen, then read: what is committed while the journal is read is not missed, and what was sent is dropped.
- A fact goes out only if its sequence is the next one. Whatever made a gap (the engine was away, a listener far
  behind), the journal closes it: who has seen N has seen all up to N.
- Nobody waits for a listener. What he has not taken yet is bounded; who lets it grow beyond that is cut off, comes
  again with the last sequence he saw, and has lost nothing.
- A text is made once for all listeners.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from console.history import History, HistoryAway
from console.message import EngineMessage, LiveMessage, Message, SnapshotMessage, TellMessage
from console.state import Facts, FactState, Live, Tell
from console.tap import Down, Heard, Tap, Up

UNTAKEN_BYTES = 4 * 1024 * 1024
"""For one listener: some ten thousand facts, twenty seconds of the busiest centre."""
BATCH_BYTES = 64 * 1024
"""Given on together. To hand one fact to the system costs more than to make it, and a hundred cost no more than one."""
BATCH_FACTS = 100
"""The same of the journal's."""
LISTENERS = 1_000
PACE_S = 0.005
"""What comes within this after something was told is told together, once for each listener. Alone, a fact goes at once;
at 400 a second each would cost every listener a call of the system and a turn of the event loop."""


class AfterBeyondEnd(ValueError):
    """The sequence named is not in the journal yet."""

    code = "after_beyond_end"


class TooManyListeners(OSError):
    """More would slow down those who listen."""

    code = "too_many_listeners"


class CutOff(OSError):
    """This listener takes less than there is to hear."""

    code = "too_slow"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much, and how many."""

    untaken: int = UNTAKEN_BYTES
    listeners: int = LISTENERS


@dataclass(frozen=True, slots=True)
class _Item:
    """One thing to hear, as texts; facts with their sequences."""

    texts: tuple[bytes, ...]
    size: int
    """Bytes of all texts."""
    sequences: tuple[int, ...] = ()
    head: int | None = None
    """The journal holds everything up to here."""
    look: bool = False
    """The journal may hold more than was told."""


class Feed:
    """Everybody who listens."""

    def __init__(self, tap: Tap, history: History, limits: Limits = Limits()) -> None:
        self._tap = tap
        self._history = history
        self._limits = limits
        self._listeners: dict[Listener, None] = {}
        self._gathered: list[_Item] = []
        self._told_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._off = tap.listen(self._heard)
        self.cut_off = 0
        """How many were cut off."""

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    def close(self) -> None:
        """Hear nothing more."""
        self._off()
        if self._timer is not None:
            self._timer.cancel()

    async def join(self, after: int | None) -> Listener:
        """Begin to listen; facts come after this sequence, or from now on.

        Raises AfterBeyondEnd, TooManyListeners, HistoryAway. The listener must be left.
        """
        if len(self._listeners) >= self._limits.listeners:
            raise TooManyListeners(f"{self._limits.listeners} listen already")
        self._flush()  # his snapshot has all that already
        listener = Listener(self._history, self._limits.untaken)
        self._listeners[listener] = None
        try:
            tap = self._tap
            sequence, calls, seats, up = tap.sequence, tuple(tap.calls.values()), tuple(tap.seats.values()), tap.up
            known = tap.known
            if after is not None or not known:
                # Beyond what was told, too: what is read over HTTP may be a step ahead of it.
                last = await self._history.last()
                if after is not None and after > last:
                    raise AfterBeyondEnd(f"the journal ends with {last}; {after} is not there yet")
                listener.head = max(listener.head, sequence, last)
                sequence = sequence if known else last
            listener.sent = sequence if after is None else after
            listener.head = max(listener.head, listener.sent)
            listener.first = _text(SnapshotMessage(sequence=sequence, calls=calls, seats=seats, engine=up))
        except BaseException:
            self.leave(listener)
            raise
        return listener

    def leave(self, listener: Listener) -> None:
        """Listen no more."""
        self._listeners.pop(listener, None)

    def _heard(self, heard: Heard) -> None:
        if not self._listeners:
            return
        match heard:
            case Facts(facts=facts):
                item = _facts(facts)
            case Live():
                item = _item(LiveMessage(calls=heard.calls, seats=heard.seats, gone=heard.gone))
            case Tell():
                item = _item(TellMessage.model_validate(heard.model_dump()))
            case Up(sequence=sequence):
                item = _item(EngineMessage(up=True), head=sequence)
            case Down():
                item = _item(EngineMessage(up=False), look=True)
        self._gathered.append(item)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            wait_s = self._told_at + PACE_S - loop.time()
            if wait_s <= 0:
                self._flush()
            else:
                self._timer = loop.call_later(wait_s, self._flush)

    def _flush(self) -> None:
        """Tell what was gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        items, self._gathered = self._gathered, []
        self._told_at = asyncio.get_running_loop().time()
        for listener in list(self._listeners):
            if not all(map(listener.put, items)):
                self.leave(listener)
                self.cut_off += 1


class Listener:
    """One who listens: what he has not taken yet."""

    def __init__(self, history: History, untaken: int) -> None:
        self._history = history
        self._most = untaken
        self._untaken = 0
        self._items: deque[_Item] = deque()
        self._more = asyncio.Event()
        self._behind = True
        """Whether facts are read in the journal, and not taken as they are told."""
        self._look = False
        self.first: bytes | None = None
        """The snapshot, until it is taken."""
        self.sent = 0
        """Sequence of the last fact that was taken."""
        self.head = 0
        """The journal holds everything up to here, as far as we know."""
        self.cut = asyncio.Event()
        """Set when he is cut off; whoever takes for him may be stuck giving it on."""

    def put(self, item: _Item) -> bool:
        """One more thing to hear; False if it is too much: then he is cut off."""
        if self._behind and item.sequences:
            self.head = max(self.head, item.sequences[-1])
            return True
        self._untaken += item.size
        self._more.set()
        if self._untaken > self._most:
            self._items.clear()
            self.cut.set()
            return False
        self._items.append(item)
        return True

    async def take(self) -> list[bytes]:
        """What is to be heard next: one text at least, and not many more than `BATCH_BYTES`.

        Waits if there is nothing. Raises CutOff, HistoryAway.
        """
        if self.first is not None:
            first, self.first = self.first, None
            return [first]
        while True:
            if self._look:
                self._look = False
                # If the journal is away too, the engine's return tells what it holds.
                with suppress(HistoryAway):
                    self._fall_behind(await self._history.last())
            if self.sent < self.head:
                return await self._missing()
            self._behind = False  # in the same step as the comparison above
            if not self._items:
                self._more.clear()
                await self._more.wait()
            if self.cut.is_set():
                raise CutOff("takes less than there is to hear")
            if texts := self._told():
                return texts

    async def _missing(self) -> list[bytes]:
        """Facts that follow the last one, from the journal."""
        page = await self._history.after(self.sent, BATCH_FACTS)
        if not page.facts:
            raise HistoryAway(f"the journal has nothing after {self.sent}, the engine told of {self.head}")
        self.sent = page.facts[-1].sequence
        return list(_facts(page.facts).texts)

    def _told(self) -> list[bytes]:
        """What was told meanwhile."""
        texts: list[bytes] = []
        size = 0
        while self._items and size < BATCH_BYTES and not self._behind:
            item = self._items.popleft()
            self._untaken -= item.size
            size += item.size
            if not item.sequences:
                texts += item.texts
                self._look = self._look or item.look
                self._fall_behind(item.head or 0)
            elif item.sequences[0] > self.sent + 1:
                self._fall_behind(item.sequences[-1])
            else:
                pairs = zip(item.sequences, item.texts, strict=True)
                texts += [text for sequence, text in pairs if sequence > self.sent]
                self.sent = max(self.sent, item.sequences[-1])
        return texts

    def _fall_behind(self, head: int) -> None:
        if head > self.sent:
            self._behind = True
            self.head = max(self.head, head)


def _facts(facts: Iterable[FactState]) -> _Item:
    """Facts as messages."""
    pairs = [(fact.sequence, b'{"kind":"fact",' + fact.model_dump_json().encode()[1:]) for fact in facts]
    texts = tuple(text for _, text in pairs)
    return _Item(texts, sum(map(len, texts)), tuple(sequence for sequence, _ in pairs))


def _item(message: Message, *, head: int | None = None, look: bool = False) -> _Item:
    text = _text(message)
    return _Item((text,), len(text), head=head, look=look)


def _text(message: Message) -> bytes:
    return message.model_dump_json().encode()
