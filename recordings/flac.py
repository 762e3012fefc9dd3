"""FLAC files, written so that a full disk is noticed and read so that memory stays small.

The encoder's library swallows errors of its output, so it writes through `_Sink`, which keeps them.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from recordings.error import NotLossless

Stereo = npt.NDArray[np.int16]
"""Samples of shape (frames, 2)."""

ENCODER = f"libsndfile {soundfile.__libsndfile_version__}"
HASH_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Shape:
    """What a FLAC's own header tells."""

    rate: int
    frames: int
    channels: int


def write(descriptor: int, rate: int, blocks: Iterable[Stereo]) -> None:
    """Write blocks as FLAC to an open file, flush it to the disk and close it. Raises OSError."""
    with os.fdopen(descriptor, "w+b") as file:
        sink = _Sink(file)
        try:
            with soundfile.SoundFile(sink, "w", rate, 2, "PCM_16", format="FLAC") as encoder:
                for block in blocks:
                    encoder.write(block)
                    sink.check()
        except (AssertionError, soundfile.LibsndfileError):
            sink.check()  # the disk's error is the reason, the library's only its echo
            raise
        sink.check()  # closing wrote the last frames and the header
        file.flush()
        os.fsync(file.fileno())


def compare(path: Path, blocks: Iterable[Stereo]) -> None:
    """Decode a FLAC and compare it with blocks, sample for sample; raises NotLossless, OSError."""
    with soundfile.SoundFile(path) as decoder:
        for block in blocks:
            if not np.array_equal(decoder.read(len(block), "int16", always_2d=True), block):
                raise NotLossless(f"{path.name} does not give back the samples that it was made of")
        if len(decoder.read(1, "int16")):
            raise NotLossless(f"{path.name} has more samples than it was made of")


def shape(path: Path) -> Shape:
    """What a FLAC's header tells; raises soundfile.LibsndfileError if it is none."""
    info = soundfile.info(str(path))
    return Shape(info.samplerate, info.frames, info.channels)


def sha256(path: Path) -> str:
    """SHA-256 of a file; raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(HASH_BYTES):
            digest.update(block)
    return digest.hexdigest()


class _Sink:
    """A file for the encoder that remembers the first error, as the encoder's callbacks can't raise."""

    def __init__(self, file: io.BufferedRandom) -> None:
        self._file = file
        self.error: OSError | None = None

    def check(self) -> None:
        """Raise the error that the encoder did not tell of."""
        if self.error is not None:
            raise self.error

    def write(self, data: bytes) -> int:
        """Write, and flush no later than the caller can be told of a full disk."""
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = self.error or error
            return 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; this flushes what is buffered, so it can meet a full disk too."""
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            self.error = self.error or error
            return -1

    def tell(self) -> int:
        """Where it stands."""
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        """Read; the encoder looks at what it wrote."""
        return self._file.readinto(buffer)
