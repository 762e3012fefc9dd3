"""The versions of dispatch's own tables; `journal.upgrade` runs them after the journal's.

Give `VERSIONS` to `Journal.open(versions=…)`. The rules are the journal's: see `journal.migration`.
"""

from __future__ import annotations

from pathlib import Path

VERSIONS = Path(__file__).parent / "versions"

__all__ = ["VERSIONS"]
