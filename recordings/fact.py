"""The names of facts about recordings that NENA i3 has none for."""

from __future__ import annotations

KEPT = "RecordingKept"
"""A call's recording is finished, with its evidence."""

TYPES = frozenset({KEPT})
