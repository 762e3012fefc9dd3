"""`liandong verify`: is everything that was kept still what it was?"""

from __future__ import annotations

from pathlib import Path
