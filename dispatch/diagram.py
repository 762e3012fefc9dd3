"""The state diagrams of the docs, drawn from the tables that run: `python -m dispatch.diagram docs/states`."""

from __future__ import annotations

import sys
from pathlib import Path

from dispatch.attempt import ATTEMPT
from dispatch.notification import NOTIFICATION
from dispatch.order import ORDER
from intake.diagram import page


def pages() -> dict[str, str]:
    """File name to text, for every table of this folder."""
    return {
        "order.md": page(ORDER, "dispatch"),
        "notification.md": page(NOTIFICATION, "dispatch"),
        "attempt.md": page(ATTEMPT, "dispatch"),
    }


def main(arguments: list[str]) -> int:
    """Write the pages into a folder."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m dispatch.diagram FOLDER\n")
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
