"""What a frozen process is doing, seen from outside: its stacks as py-spy reads them, without its help.

A process that does not run any more can write nothing about itself; py-spy reads its memory, stopped or not, in some
20 ms. The file is for whoever mends the bug; nothing waits for it longer than `within`.
"""

from __future__ import annotations

import subprocess
import sysconfig
from datetime import UTC, datetime
from pathlib import Path

PY_SPY = Path(sysconfig.get_path("scripts")) / "py-spy"
KEPT = 20  # files of one name; a child that freezes again and again must not fill the disk


def write_stacks(pid: int, folder: Path, name: str, within: float) -> str:
    """Write the stacks of a process into a new file of the folder; tells where they are, or why not. Blocks."""
    path = folder / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.stacks"
    try:
        with path.open("xb") as file:
            looked = subprocess.run(
                [PY_SPY, "dump", "--nonblocking", "--pid", str(pid)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                timeout=within,
                check=False,
            )
        for old in sorted(folder.glob(f"{name}-*.stacks"))[:-KEPT]:
            old.unlink()
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"its stacks could not be written: {error}"
    if looked.returncode != 0:
        return f"its stacks could not be read, {path} tells why"
    return f"its stacks are in {path}"
