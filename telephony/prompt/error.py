"""What can go wrong with a prompt."""

from __future__ import annotations

from pathlib import Path


class PromptError(ValueError):
    """A prompt cannot be made; `code` is stable."""

    code = "prompt_error"


class BadRecording(PromptError):
    """A recorded prompt can't be used."""

    code = "prompt_bad_recording"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(path, why)  # as given, so that it comes whole out of a worker process
        self.path = path
        self.why = why

    def __str__(self) -> str:
        return f"{self.path}: {self.why}; record it again or remove it"


class StrayRecording(PromptError):
    """A recorded prompt belongs to no text."""

    code = "prompt_stray_recording"

    def __init__(self, path: Path, nearest: str) -> None:
        super().__init__(path, nearest)
        self.path = path
        self.nearest = nearest

    def __str__(self) -> str:
        meant = f" (did you mean {self.nearest}?)" if self.nearest else ""
        return f"{self.path}: no prompt has this id{meant}; name it after an id of prompts.yaml or remove it"


class SpeechError(PromptError):
    """The synthesiser did not speak a text."""

    code = "prompt_speech"
