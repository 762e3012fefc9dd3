"""What can go wrong with a recording.

Rule: whatever is raised from here, the raw files are untouched and the work can be tried again.
"""

from __future__ import annotations


class RecordingError(ValueError):
    """A recording cannot be made or read; `code` is stable."""

    code = "recording_error"


class BadCallId(RecordingError):
    """A call id that could lead out of the recordings folder, or that Asterisk never makes."""

    code = "recording_bad_call_id"

    def __init__(self, call_id: str) -> None:
        super().__init__(call_id)  # as given, so that it comes whole out of a worker process
        self.call_id = call_id

    def __str__(self) -> str:
        return f"call id {self.call_id!r} is not 1 to 128 letters, digits, dots and hyphens that begin with no dot"


class NothingRecorded(RecordingError):
    """No raw files and no finished recording of this call exist."""

    code = "recording_nothing"

    def __init__(self, call_id: str) -> None:
        super().__init__(call_id)
        self.call_id = call_id

    def __str__(self) -> str:
        return f"call {self.call_id} has no raw files and no finished recording"


class StillGrowing(RecordingError):
    """A raw file changed while it was worked on, or somebody else works on the same call: try again later."""

    code = "recording_still_growing"


class Conflict(RecordingError):
    """A finished recording exists that neither agrees with the raw files nor can be made again from them."""

    code = "recording_conflict"


class BadTimeline(RecordingError):
    """The raw files' times lie too far apart to belong to one call."""

    code = "recording_bad_timeline"


class NotLossless(RecordingError):
    """The FLAC, decoded again, differs from the raw samples; it was thrown away."""

    code = "recording_not_lossless"


class DiskFull(OSError):
    """The disk, or this account's share of it, is full."""

    code = "recording_disk_full"
