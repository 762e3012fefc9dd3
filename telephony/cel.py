"""What happened to the channels, as Asterisk writes it down by itself: the channel event log (`cel.csv`).

Written whether or not any process of ours lives, so this is what everything catches up from. A reader keeps only
a byte offset; the last line may be half written and is left for the next look; a file that was rotated or cut is
read from its beginning. Rows that make no sense are counted, never fatal.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
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
    def packets(self) -> int | None:
        """RTP packets that Asterisk received on this channel; None unless this row tells them."""
        if self.kind != "Audio":
            return None
        try:
            told = json.loads(self.extra)["extra"]
            return int(told) if told.isascii() and told.isdecimal() else None
        except (ValueError, TypeError, KeyError, AttributeError):
            return None


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
        """Go to the first whole row in the last `size` bytes."""
        self.skip()
        begin = max(0, self.offset - size)
        if begin:
            with self.path.open("rb") as file:
                file.seek(begin)
                begin += len(file.readline(size))
        self.offset = begin

    def read(self) -> list[ChannelEvent]:
        """All whole rows since the last call."""
        try:
            with self.path.open("rb") as file:
                if file.seek(0, 2) < self.offset:
                    self.offset = 0
                file.seek(self.offset)
                data = file.read()
        except FileNotFoundError:
            return []
        whole, newline, _ = data.rpartition(b"\n")
        self.offset += len(whole) + len(newline)
        rows = csv.reader(whole.decode("utf-8", "replace").splitlines())
        return [event for row in rows if (event := self._event(row)) is not None]

    def _event(self, row: list[str]) -> ChannelEvent | None:
        try:
            at, *rest = row
            return ChannelEvent(datetime.fromtimestamp(float(at), UTC), *rest)
        except (ValueError, TypeError, OverflowError, OSError):
            self.senseless += 1
            return None
