"""The few things that change the recordings folder, each durable when it returns.

They are a class of their own so that a test can stop the work before and after every one of them.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER_MODE = 0o750
FILE_MODE = 0o640
"""What people said in an emergency is for this program's account and its group only."""


class Disk:
    """The real disk. All raise OSError."""

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those above it; each new one is durable."""
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for each in reversed(missing):
            each.mkdir(mode=FOLDER_MODE, exist_ok=True)
            self.sync(each.parent)

    def create(self, path: Path) -> int:
        """A descriptor of a new empty file; an old one of that name (left by a killed worker) is gone."""
        return os.open(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)

    def sync(self, path: Path) -> None:
        """Flush a file or folder."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Rename within one file system, over a file that may be there."""
        old.replace(new)
        self.sync(new.parent)
        if old.parent != new.parent:
            self.sync(old.parent)

    def remove(self, path: Path) -> None:
        """Remove a file; it is no error if it is gone."""
        path.unlink(missing_ok=True)

    def remove_folder(self, folder: Path) -> None:
        """Remove an empty folder; it is no error if it is gone."""
        if folder.is_dir():
            folder.rmdir()
            self.sync(folder.parent)
