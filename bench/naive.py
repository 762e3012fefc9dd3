"""How one would do it in a script: speak the text, dial, next department; nobody has to press anything.

It speaks with the same voice into the same formats and dials by Asterisk's manager without waiting for the answer
(`Async`), because one that waits would only measure how long people let it ring. Nothing is written down.
"""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from bench.centre import Centre
from config.field import Language
from telephony.prompt.render import files_of
from telephony.prompt.speech import VOICES, installed

_WITHIN_S = 10.0


def call_all(served: Centre, numbers: Iterable[str], text: str) -> int:
    """Call all of these, one after the other; when it began, ns since the epoch."""
    voice = installed()
    with (
        tempfile.TemporaryDirectory(prefix="ld-bench-naive-") as folder,
        socket.create_connection(("127.0.0.1", served.ports["ami"]), _WITHIN_S) as manager,
    ):
        secret = (served.state / "secrets" / "ami").read_text().strip()
        _ask(manager, "Action: Login", "Username: liandong", f"Secret: {secret}", "Events: off")
        began = time.time_ns()
        for number in numbers:
            said = f"{number}，{text}"
            file = Path(folder) / number
            for ending, wav in files_of(voice.spoken(said, VOICES[Language.ZH]), said).items():
                file.with_name(f"{number}.{ending}").write_bytes(wav)
            _ask(
                manager,
                "Action: Originate",
                f"Channel: PJSIP/{number}@city",
                "Application: Playback",
                f"Data: {file}",
                "Timeout: 30000",
                "Async: true",
            )
        return began


def _ask(manager: socket.socket, *lines: str) -> None:
    manager.sendall("\r\n".join((*lines, "", "")).encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += manager.recv(4096)
    if b"Response: Success" not in answer:
        raise OSError(f"Asterisk refuses: {answer!r}")
