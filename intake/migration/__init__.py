"""Makes and changes intake's own tables; give `VERSIONS` to `Journal.open(versions=…)` or `journal.upgrade`.

A line of versions of its own, beside the journal's, by the same rules: see `journal.migration`.
"""

from __future__ import annotations

from pathlib import Path

VERSIONS = Path(__file__).parent / "versions"

__all__ = ["VERSIONS"]
