"""The names of facts about what is known of places."""

from __future__ import annotations

IMPORTED = "SubscribersImported"
"""The subscriber table is another one: the file, its digest, how many rows."""
REFUSED = "SubscribersRefused"
"""An operator's file is wrong and was not taken; the table is what it was."""

TYPES = frozenset({IMPORTED, REFUSED})
"""None of them has a name in NENA i3."""
