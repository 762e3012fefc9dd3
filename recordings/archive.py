"""Makes a call's recording of its raw files, so that a crash at any moment loses nothing.

Order: the FLAC under a temporary name, flushed, decoded again and compared sample for sample with the raw files;
renamed; the evidence likewise; and only then the raw files go (or move to `kept/`). So whoever finds evidence finds
the FLAC, and whoever finds neither finds the raw files. Finishing a call again, after a kill or by mistake, gives the
same bytes.

    ROOT/raw/<call id>/…              what Asterisk writes
    ROOT/YYYY/MM/DD/<call id>.flac    the recording, by the UTC date of its start
    ROOT/YYYY/MM/DD/<call id>.json    its evidence
    ROOT/kept/<call id>/…             raw files that stay: of faulty calls, or by the centre's wish
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recordings import flac
from recordings.disk import Disk
from recordings.error import Conflict, DiskFull, NothingRecorded, StillGrowing
from recordings.evidence import Audio, BadEvidence, Evidence, compiled, utc_text
from recordings.finding import Finding, Kind, Level, diagnose
from recordings.leg import gathered
from recordings.mix import Mix, mixed, planned
from recordings.raw import Scan, checked_call_id, is_call_id, parse_name, scan
from recordings.settings import RecordingSettings

RAW = "raw"
KEPT = "kept"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DEFAULTS = RecordingSettings()


@dataclass(frozen=True, slots=True)
class Recording:
    """A finished call."""

    evidence: Evidence
    evidence_path: Path
    flac_path: Path | None
    """None: there was no audio on any leg."""


def unfinished(raw_root: Path) -> tuple[str, ...]:
    """Ids of the calls that have raw files, sorted; those that go on at the moment are among them."""
    if not raw_root.is_dir():
        return ()
    return tuple(sorted(each.name for each in raw_root.iterdir() if is_call_id(each.name) and each.is_dir()))


def find(root: Path, call_id: str) -> Path | None:
    """The evidence file of a call, None if there is none; raises BadCallId."""
    return next(root.glob(f"[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]/{checked_call_id(call_id)}.json"), None)


def finish(
    root: Path,
    call_id: str,
    settings: RecordingSettings = _DEFAULTS,
    *,
    ended_ms: int | None = None,
    packets: Mapping[str, int] | None = None,
    disk: Disk | None = None,
) -> Recording:
    """Make the recording of a call that has ended, or complete what a killed worker began.

    `root` is the recordings folder, `ended_ms` the call's end in ms since the epoch, if known; `packets` are the RTP
    packets that Asterisk received on each of the call's channels, as far as they were counted. Memory is bounded by
    blocks, not by the call's length. Raises BadCallId, NothingRecorded, StillGrowing, Conflict, BadTimeline,
    NotLossless, DiskFull and other OSErrors; after each of them the raw files are as they were.
    """
    work = _Work(root, checked_call_id(call_id), settings, ended_ms, packets or {}, disk or Disk())
    try:
        return work.run()
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull(error.errno, f"no room to finish call {call_id}; its raw files are safe") from error
        raise


class _Work:
    """One finishing of one call."""

    def __init__(
        self,
        root: Path,
        call_id: str,
        settings: RecordingSettings,
        ended_ms: int | None,
        packets: Mapping[str, int],
        disk: Disk,
    ) -> None:
        self._root = root
        self._call_id = call_id
        self._settings = settings
        self._ended_ms = ended_ms
        self._packets = packets
        self._disk = disk
        self._raw = root / RAW / call_id

    def run(self) -> Recording:
        path = find(self._root, self._call_id)
        if not self._raw.is_dir():
            if path is None:
                raise NothingRecorded(self._call_id)
            return self._recording(path, Evidence.from_bytes(path.read_bytes()))
        with _locked(self._raw):
            scans = self._scans()
            finished = self._finished(path, scans) if path else None
            recording = finished or self._made(scans, path)
            self._clear_away(recording.evidence)
        return recording

    def _scans(self) -> dict[str, Scan]:
        return {each.name: scan(each) for each in sorted(self._raw.iterdir()) if not _is_odd(each)}

    def _finished(self, path: Path, scans: dict[str, Scan]) -> Recording | None:
        """The recording that is there, if it holds all of the raw files; None if it must be made again from them."""
        try:
            evidence = Evidence.from_bytes(path.read_bytes())
        except BadEvidence as error:
            raise Conflict(f"{path.name} exists and is damaged ({error}); move it away to finish the call") from None
        known = evidence.raw_hashes()
        here = {name: each.sha256 for name, each in scans.items() if parse_name(name)}
        recording = self._recording(path, evidence)
        audio_path = recording.flac_path
        whole = audio_path is None or (
            evidence.audio is not None and audio_path.is_file() and flac.sha256(audio_path) == evidence.audio.sha256
        )
        if whole and here.items() <= known.items():
            return recording
        if known.keys() <= here.keys():
            return None
        raise Conflict(f"{path.name} exists, does not hold all of the raw files, and some that it names are gone")

    def _made(self, scans: dict[str, Scan], old: Path | None) -> Recording:
        files = [(name, each) for each in scans.values() if (name := parse_name(each.path.name))]
        if not files:
            if not any(self._raw.iterdir()):
                self._disk.remove_folder(self._raw)
            raise NothingRecorded(self._call_id)
        legs = gathered(self._call_id, files, self._ended_ms, self._packets)
        diagnosis = diagnose(legs, self._settings)
        mix = planned(legs, diagnosis)
        folder = self._root / _day(legs.started_ms)
        path = folder / f"{self._call_id}.json"
        if old is not None and old != path:
            raise Conflict(f"{old} exists, but the call's raw files belong in {folder}")
        self._disk.make_folder(folder)
        audio = self._encode(folder, mix) if mix.frames else None
        self._unchanged(scans)
        findings = (*diagnosis.findings, *self._strangers())
        evidence = compiled(
            self._call_id, legs, [each for _, each in files], mix, audio, findings, keep_raw=self._settings.keep_raw
        )
        temporary = folder / f".{self._call_id}.json.part"
        with self._removed_on_error(temporary):
            descriptor = self._disk.create(temporary)
            with os.fdopen(descriptor, "wb") as file:
                file.write(evidence.to_bytes())
            self._disk.sync(temporary)
            self._disk.rename(temporary, path)
        return self._recording(path, evidence)

    def _encode(self, folder: Path, mix: Mix) -> Audio:
        name = f"{self._call_id}.flac"
        temporary = folder / f".{name}.part"
        with self._removed_on_error(temporary):
            flac.write(self._disk.create(temporary), mix.rate, mixed(mix))
            flac.compare(temporary, mixed(mix))
            audio = Audio(
                name=name,
                bytes=temporary.stat().st_size,
                sha256=flac.sha256(temporary),
                rate=mix.rate,
                frames=mix.frames,
                duration_ms=round(mix.frames * 1000 / mix.rate),
                encoder=flac.ENCODER,
            )
            self._disk.rename(temporary, folder / name)
        return audio

    def _unchanged(self, scans: dict[str, Scan]) -> None:
        """Raise StillGrowing unless the raw files are what they were when they were read."""
        now = {each.name: each.stat() for each in self._raw.iterdir() if not _is_odd(each)}
        same = now.keys() == scans.keys() and all(
            (stat.st_size, stat.st_mtime_ns // 1_000_000) == (scans[name].bytes, scans[name].last_write_ms)
            for name, stat in now.items()
        )
        if not same:
            raise StillGrowing(f"call {self._call_id}: a raw file changed while the call was being finished")

    def _strangers(self) -> list[Finding]:
        names = sorted(each.name for each in self._raw.iterdir() if _is_odd(each) or not parse_name(each.name))
        text = "lies with the raw files"
        return [Finding(Kind.UNKNOWN_FILE, Level.OBSERVATION, "", "", 0, 0, f"{name!r} {text}") for name in names]

    def _clear_away(self, evidence: Evidence) -> None:
        if evidence.raw_kept:
            kept = self._root / KEPT
            self._disk.make_folder(kept)
            self._disk.rename(self._raw, kept / self._call_id)
            return
        for name in sorted(evidence.raw_hashes()):
            self._disk.remove(self._raw / name)
        if any(self._raw.iterdir()):
            raise Conflict(f"call {self._call_id} is finished, but other files lie with its raw files; move them away")
        self._disk.remove_folder(self._raw)

    def _recording(self, path: Path, evidence: Evidence) -> Recording:
        return Recording(evidence, path, path.with_name(evidence.audio.name) if evidence.audio else None)

    @contextmanager
    def _removed_on_error(self, temporary: Path) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError):
            self._disk.remove(temporary)
            raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Nobody else finishes this call; the lock goes with its holder, however that ends."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StillGrowing(f"call {folder.name} is being finished by another worker") from None
    finally:
        os.close(descriptor)


def _is_odd(path: Path) -> bool:
    return path.is_symlink() or not path.is_file()


def _day(started_ms: int) -> Path:
    return Path(*utc_text(started_ms)[:10].split("-"))
