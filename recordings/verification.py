"""Checks every finished recording against its evidence.

It finds a changed, shortened or missing FLAC, missing or edited evidence, kept raw files that changed, and files that
belong to nobody. It can't find a pair that is gone altogether, or evidence that was rewritten with a new digest: the
journal knows those. One file is read at a time, so a year of calls needs no more memory than one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import soundfile

from recordings import flac
from recordings.archive import KEPT, RAW, find
from recordings.evidence import Audio, BadEvidence, Evidence
from recordings.raw import is_call_id

_DAY = ("[0-9]" * 4, "[0-9]" * 2, "[0-9]" * 2)
_PART = re.compile(r"\.(?P<call_id>.+)\.(?:flac|json)\.part")


class State(StrEnum):
    """What a check came to."""

    OK = "ok"
    UNFINISHED = "unfinished"
    """Raw files of this call still wait: it goes on, or its finishing was cut short."""
    LEFTOVER = "leftover"
    """Harmless, but nobody's."""
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One checked thing."""

    path: Path
    state: State
    text: str
    """What is wrong; empty if nothing is."""


@dataclass(frozen=True, slots=True)
class Report:
    """How many of each."""

    ok: int
    unfinished: int
    leftover: int
    damaged: int

    @property
    def sound(self) -> bool:
        """Whether nothing is damaged."""
        return not self.damaged


def verify(root: Path, tell: Callable[[Verdict], None] | None = None) -> Report:
    """Check everything in the recordings folder, tell each verdict as it comes. Raises OSError of the folder itself."""
    counts: Counter[State] = Counter()
    for verdict in verdicts(root):
        counts[verdict.state] += 1
        if tell:
            tell(verdict)
    return Report(*(counts[state] for state in (State.OK, State.UNFINISHED, State.LEFTOVER, State.DAMAGED)))


def verdicts(root: Path) -> Iterator[Verdict]:
    """One verdict a recording, and one for whatever else lies there; in the order of days and names."""
    if not root.is_dir():
        return
    for folder in _folders(root, 0):
        if isinstance(folder, Verdict):
            yield folder
        else:
            yield from _day(root, folder)
    yield from _side_folder(root, RAW, State.UNFINISHED, "its call is not finished")
    yield from _kept(root)


def _folders(folder: Path, depth: int) -> Iterator[Path | Verdict]:
    if depth == len(_DAY):
        yield folder
        return
    for each in sorted(folder.iterdir()):
        if depth == 0 and each.name in (RAW, KEPT):
            continue
        if each.is_dir() and not each.is_symlink() and re.fullmatch(_DAY[depth], each.name, re.ASCII):
            yield from _folders(each, depth + 1)
        else:
            yield Verdict(each, State.LEFTOVER, "nobody's")


def _day(root: Path, folder: Path) -> Iterator[Verdict]:
    names = {each.name for each in folder.iterdir()}
    for name in sorted(names):
        path = folder / name
        call_id, dot, kind = name.rpartition(".")
        if part := _PART.fullmatch(name):
            yield Verdict(path, State.LEFTOVER, f"a finishing of {part['call_id']} that was cut short")
        elif not dot or kind not in ("flac", "json") or not is_call_id(call_id):
            yield Verdict(path, State.LEFTOVER, "nobody's")
        elif kind == "json":
            yield _checked(root, path, call_id)
        elif f"{call_id}.json" not in names:
            waiting = (root / RAW / call_id).is_dir()
            yield Verdict(path, State.UNFINISHED if waiting else State.DAMAGED, "its evidence is missing")


def _checked(root: Path, path: Path, call_id: str) -> Verdict:
    """The verdict on evidence and on what it names."""
    try:
        evidence = Evidence.from_bytes(path.read_bytes())
        trouble = (
            _misplaced(root, path, call_id, evidence)
            or (evidence.audio and _audio_trouble(path.with_name(evidence.audio.name), evidence.audio))
            or _orphaned(path, call_id, evidence)
            or (evidence.raw_kept and _kept_trouble(root, call_id, evidence))
        )
    except (BadEvidence, OSError) as error:
        trouble = f"evidence: {error}"
    # A made recording whose raw files still lie there was cut short between the two; finishing completes it.
    if trouble and (root / RAW / call_id).is_dir():
        return Verdict(path, State.UNFINISHED, trouble)
    return Verdict(path, State.DAMAGED if trouble else State.OK, trouble or "")


def _misplaced(root: Path, path: Path, call_id: str, evidence: Evidence) -> str:
    if evidence.call_id != call_id:
        return f"the evidence is of call {evidence.call_id}"
    if path.parent != root / evidence.day():
        return f"a call of {evidence.start[:10]} lies in another day's folder"
    return ""


def _orphaned(path: Path, call_id: str, evidence: Evidence) -> str:
    if evidence.audio is None and path.with_name(f"{call_id}.flac").exists():
        return "there is a FLAC, but by the evidence no audio came"
    return ""


def _audio_trouble(path: Path, audio: Audio) -> str:
    try:
        size = path.stat().st_size
        if size < audio.bytes:
            return f"the FLAC was shortened from {audio.bytes} to {size} bytes"
        if flac.sha256(path) != audio.sha256:
            return "the FLAC is not the one that was written"
        shape = flac.shape(path)
    except FileNotFoundError:
        return "the FLAC is missing"
    except (OSError, soundfile.LibsndfileError) as error:
        return f"the FLAC can't be read: {error}"
    if (shape.rate, shape.frames, shape.channels) != (audio.rate, audio.frames, 2):
        return (
            f"the FLAC has {shape.frames} frames at {shape.rate} Hz, the evidence says {audio.frames} at {audio.rate}"
        )
    return ""


def _kept_trouble(root: Path, call_id: str, evidence: Evidence) -> str:
    for name, digest in evidence.raw_hashes().items():
        path = root / KEPT / call_id / name
        try:
            if flac.sha256(path) != digest:
                return f"the kept raw file {name} is not the one that was recorded"
        except FileNotFoundError:
            return f"the kept raw file {name} is missing"
    return ""


def _side_folder(root: Path, name: str, state: State, text: str) -> Iterator[Verdict]:
    folder = root / name
    for each in sorted(folder.iterdir()) if folder.is_dir() else ():
        known = each.is_dir() and is_call_id(each.name)
        yield Verdict(each, state if known else State.LEFTOVER, text if known else "nobody's")


def _kept(root: Path) -> Iterator[Verdict]:
    """Kept raw files without evidence; those with it were checked with it."""
    for verdict in _side_folder(root, KEPT, State.DAMAGED, "kept raw files without evidence"):
        if verdict.state is State.LEFTOVER or find(root, verdict.path.name) is None:
            yield verdict
