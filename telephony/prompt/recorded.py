"""Prompts that somebody recorded: `prompts/<language>/<id>.wav` in the centre's folder.

Any rate, any number of channels, any WAV that the sound library reads. What can't be used is refused by name, because
a prompt that silently stays synthetic, or silent, is found out by a caller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import soundfile

from config.field import Language
from config.problem import nearest
from telephony.prompt.error import BadRecording, StrayRecording
from telephony.prompt.sound import Sound

FOLDER = "prompts"
MAX_S = 300.0
"""Longest prompt, 5 min; a longer file is somebody's mistake and would fill the memory."""
SOFTEST_DBFS = -70.0
"""A file whose peak stays below this is an unplugged microphone."""
_RATES = range(4_000, 192_001)


def found(centre: Path, prompts: Collection[str]) -> Mapping[tuple[Language, str], Path]:
    """The recorded prompts of a centre by language and id; raises StrayRecording for one of no id."""
    files: dict[tuple[Language, str], Path] = {}
    for language in Language:
        folder = centre / FOLDER / language
        for path in sorted(folder.glob("*.wav")) if folder.is_dir() else ():
            if path.stem not in prompts:
                raise StrayRecording(path, nearest(path.stem, prompts))
            files[language, path.stem] = path
    return files


def sha256(path: Path) -> str:
    """SHA-256 of a recorded prompt's file; raises BadRecording."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BadRecording(path, f"can't be read ({error.strerror})") from None


def read(path: Path) -> Sound:
    """One recorded prompt, its channels mixed; raises BadRecording."""
    try:
        with soundfile.SoundFile(path) as file:
            if file.samplerate not in _RATES:
                raise BadRecording(path, f"{file.samplerate} Hz is no usable rate")
            if file.frames > MAX_S * file.samplerate:
                raise BadRecording(path, f"longer than {MAX_S:g} s")
            both = file.read(dtype="float32", always_2d=True)
            rate = file.samplerate
    except (soundfile.LibsndfileError, OSError) as error:
        raise BadRecording(path, f"can't be read as audio ({str(error).rstrip('.')})") from None
    if not len(both):
        raise BadRecording(path, "holds no audio")
    if not np.isfinite(both).all():
        raise BadRecording(path, "holds samples that are no numbers")
    wave = both.mean(axis=1, dtype=np.float32)
    if float(np.abs(wave).max()) < 10 ** (SOFTEST_DBFS / 20):
        raise BadRecording(path, "holds only silence")
    return Sound(wave, rate)
