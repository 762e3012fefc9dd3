"""How calls to duty lines ended, as Asterisk's channel event log has it: for calls whose end nobody of us saw."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from dispatch.edge.hearing import outcome
from dispatch.outcome import Outcome
from telephony.cel import ChannelEvent, Reader
from telephony.manager.event import DialOutcome

BACK_BYTES = 8 << 20  # some 1,000 calls with all their channels, read in 0.2 s; what lies before is over for hours
_ENDS = frozenset({"HANGUP", "CHAN_END"})
_NO_ANSWER = 19  # of Q.850; Asterisk's own cause when it stops ringing


class Ends(Protocol):
    """Whoever knows how calls ended."""

    async def of(self, attempts: Collection[str]) -> Mapping[str, Outcome]:
        """What became of those of these attempts whose end is noted."""


class Noted:
    """Reads Asterisk's channel event log (`telephony.cel`)."""

    def __init__(self, log: Path) -> None:
        self._log = log

    async def of(self, attempts: Collection[str]) -> Mapping[str, Outcome]:
        """What became of those of these attempts whose end is noted. Raises OSError."""
        if not attempts:
            return {}
        return await asyncio.to_thread(_read, self._log, frozenset(attempts))


def _read(log: Path, attempts: frozenset[str]) -> Mapping[str, Outcome]:
    rows: list[ChannelEvent] = []
    for path in (*_rotated(log), log):
        reader = Reader(path)
        reader.skip_to_last(BACK_BYTES)
        rows += reader.read(about=attempts)
    return ends_in(rows)


def _rotated(log: Path) -> list[Path]:
    """What the log was until it was rotated the last time, which may be just now."""
    others = log.parent.glob(f"{log.name}?*") if log.parent.is_dir() else ()
    return sorted(others, key=lambda path: path.stat().st_mtime)[-1:]


def ends_in(rows: Iterable[ChannelEvent]) -> Mapping[str, Outcome]:
    """What became of the channels whose end is among these rows."""
    accepted: set[str] = set()
    ends: dict[str, Outcome] = {}
    for row in rows:
        if row.kind == "ANSWER":
            accepted.add(row.channel)
        elif row.kind in _ENDS and row.channel not in ends:
            ended = DialOutcome.NO_ANSWER if row.cause in (None, _NO_ANSWER) else DialOutcome.FAILED
            ends[row.channel] = Outcome.HUNG_UP if row.channel in accepted else outcome(ended, row.cause or 0)
    return ends
