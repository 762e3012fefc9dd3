"""The state diagram of a child, drawn from the table that runs: `python -m liandong.diagram docs/states`."""

from __future__ import annotations

import sys
from pathlib import Path

from intake.diagram import page
from liandong.life import LIFE


def main(arguments: list[str]) -> int:
    """Write the page into a folder."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m liandong.diagram FOLDER\n")
        return 2
    (Path(arguments[0]) / "child.md").write_text(page(LIFE, "liandong"), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
