"""What happened to the channels, as Asterisk writes it down by itself: the channel event log (`cel.csv`).

Written whether or not any process of ours lives, so this is what everything catches up from. A reader keeps only
a byte offset; the last line may be half written and is left for the next look; a file that was cut is read from its
beginning (`trail.py` follows one that is rotated, too). Rows that make no sense are counted, never fatal.

A row is found by its quotes. Inside of a field Asterisk doubles each quote, so nothing that a caller writes into his
number (a line end, commas, a whole row) begins a row here: only Asterisk itself can write a line that starts with one
quote and a time. What a full disk or a power cut left of a row spoils no other one, even where both share a line.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from telephony.manager.channel import endpoint_of

ROW_MAX = 32 * 1024
"""Bytes; a row has some 200, and the longest number that a SIP message can carry makes some thousand of it."""

_START = re.compile(rb'^"[0-9]{1,11}\.[0-9]{6}","', re.MULTILINE)
_START_ANYWHERE = re.compile(rb'"[0-9]{1,11}\.[0-9]{6}"(?=,")')
_ID = re.compile(r"[0-9A-Za-z._:@+-]{1,150}", re.ASCII)
_NOT_IN_NUMBER = re.compile(r"[^0-9A-Za-z+*#._]", re.ASCII)
_NOT_IN_DIALLED = re.compile(r"[^0-9A-Za-z+*#]", re.ASCII)


@dataclass(frozen=True, slots=True)
class ChannelEvent:
    """One row: something happened to a channel."""

    at: datetime
    kind: str
    """CHAN_START, ANSWER, BRIDGE_ENTER, BRIDGE_EXIT, HANGUP, CHAN_END, LINKEDID_END; or one of our dialplan's own:
    Joined, SilentCall, Audio."""
    call: str
    """Unique id of the first channel of the call."""
    channel: str
    """Unique id of this channel."""
    name: str
    """The channel's name, such as `PJSIP/seat-01-00000003`."""
    number: str
    """The caller's number as this channel has it."""
    extension: str
    context: str
    application: str
    arguments: str
    extra: str
    """JSON with more about some kinds, empty for most."""

    @property
    def endpoint(self) -> str:
        """The telephone or trunk as the configuration names it: `seat-03`, `city`; empty: no telephone."""
        return endpoint_of(self.name)

    @property
    def caller(self) -> str:
        """The number without all that no number has, as the dialplan takes it from its first step on."""
        return _NOT_IN_NUMBER.sub("", self.number)

    @property
    def dialled(self) -> str:
        """The extension in the same way."""
        return _NOT_IN_DIALLED.sub("", self.extension)

    @property
    def told(self) -> str:
        """What one of our dialplan's own events says: who joined them, which service; empty for all others."""
        return self._more("extra")

    @property
    def bridge(self) -> str:
        """The bridge that this is about; empty if it is about none."""
        return self._more("bridge_id")

    @property
    def packets(self) -> int | None:
        """RTP packets that Asterisk received on this channel; None unless this row tells them."""
        told = self.told if self.kind == "Audio" else ""
        return int(told) if told.isascii() and told.isdecimal() else None

    @property
    def cause(self) -> int | None:
        """Why it ended, by Q.850; None unless this row tells it."""
        told = self._told("hangupcause")
        return told if isinstance(told, int) else None

    def _more(self, key: str) -> str:
        told = self._told(key)
        return told if isinstance(told, str) else ""

    def _told(self, key: str) -> object:
        if not self.extra:
            return None
        try:
            return json.loads(self.extra)[key]
        except (ValueError, TypeError, KeyError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class Rows:
    """What some bytes of the log hold."""

    events: tuple[tuple[int, ChannelEvent], ...]
    """Each with the place of its row among these bytes."""
    used: int
    """Bytes that need not be read again; a row behind them has only begun."""
    senseless: int
    """Rows that could not be read."""


def rows_in(data: bytes, about: Collection[str] | None = None) -> Rows:
    """All whole rows in these bytes of the log; with `about` those of these channels.

    Other rows are not taken apart then, and not counted as senseless: that is most of the work, and a loop waits.
    """
    names = None if about is None else [name for each in about if (name := each.encode()) in data]
    events: list[tuple[int, ChannelEvent]] = []
    senseless = 0
    used = 0
    for start, row in _whole_rows(data):
        used = start + len(row)
        if names is not None and not any(name in row for name in names):
            continue
        found = list(_events(row))
        events += [(start + place, event) for place, event in found if about is None or event.channel in about]
        senseless += not found
    if len(data) - used > ROW_MAX:
        senseless += 1
        used = len(data)
    return Rows(tuple(events), used, senseless)


class Reader:
    """Reads new rows, from a byte offset on."""

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path = path
        self.offset = offset
        self.senseless = 0
        """Rows that could not be read."""

    def skip(self) -> None:
        """Go to the end: only what is written from now on is read."""
        self.offset = self.path.stat().st_size if self.path.exists() else 0

    def skip_to_last(self, size: int) -> None:
        """Go back from the end by `size` bytes; a row that begins before is not read."""
        self.skip()
        self.offset = max(0, self.offset - size)

    def read(self, about: Collection[str] | None = None) -> list[ChannelEvent]:
        """All whole rows since the last call; with `about` those of these channels, for a tenth of the work."""
        try:
            with self.path.open("rb") as file:
                if file.seek(0, 2) < self.offset:
                    self.offset = 0
                file.seek(self.offset)
                data = file.read()
        except FileNotFoundError:
            return []
        rows = rows_in(data, about)
        self.offset += rows.used
        self.senseless += rows.senseless
        return [event for _, event in rows.events]


def _whole_rows(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Every stretch from one row's start to before the next one's; of the last one only what is whole."""
    starts = [match.start() for match in _START.finditer(data)]
    yield from ((start, data[start:end]) for start, end in pairwise(starts))
    if starts:
        # The last one is whole with the line end that no open quote precedes; what follows that has only begun.
        start = starts[-1]
        lines, end, _ = data[start:].rpartition(b"\n")
        if end and lines.count(b'"') % 2 == 0:
            yield start, lines + end


def _events(stretch: bytes) -> Iterator[tuple[int, ChannelEvent]]:
    """The event of a stretch's one row; if something else is there as well, of every row that is whole."""
    done = 0
    for match in _START_ANYWHERE.finditer(stretch):
        start = match.start()
        if start < done:
            continue
        row = _line(stretch, start)
        event = _event(row)
        if event is not None:
            yield start, event
            done = start + len(row)


def _line(data: bytes, start: int) -> bytes:
    """From here to the line end that no open quote precedes."""
    end = start
    quotes = 0
    while (newline := data.find(b"\n", end)) >= 0:
        quotes += data.count(b'"', end, newline)
        end = newline + 1
        if quotes % 2 == 0:
            return data[start:end]
    return data[start:]


def _event(row: bytes) -> ChannelEvent | None:
    try:
        (fields,) = csv.reader((row.decode("utf-8", "replace").rstrip("\r\n\0"),), strict=True)
        at, kind, call, channel, *rest = fields
        event = ChannelEvent(datetime.fromtimestamp(float(at), UTC), kind, call, channel, *rest)
    except (ValueError, TypeError, OverflowError, OSError, csv.Error):
        return None
    return event if _ID.fullmatch(call) and _ID.fullmatch(channel) else None
