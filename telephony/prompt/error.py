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
        super().__init__(f"{path}: {why}; record it again or remove it")
        self.path = path


class StrayRecording(PromptError):
    """A recorded prompt belongs to no text."""

    code = "prompt_stray_recording"

    def __init__(self, path: Path, nearest: str) -> None:
        meant = f" (did you mean {nearest}?)" if nearest else ""
        super().__init__(f"{path}: no prompt has this id{meant}; name it after an id of prompts.yaml or remove it")
        self.path = path


class SpeechError(PromptError):
    """The synthesiser did not speak a text."""

    code = "prompt_speech"
