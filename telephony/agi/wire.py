"""The two sides' lines of one AGI question or wish. Pure.

Asterisk opens with a block of `agi_key: value` lines and an empty line; then we write commands and it writes one line
for each. Its second line holds all that we need, percent-encoded by the dialplan. The rest is skipped without being
read: in it stands the caller's number as the SIP URI had it, line ends and all, so a caller can end the block where he
likes and add lines that look like replies. A reply is therefore only a hint; the dialplan reads what was really set.
"""

from __future__ import annotations

from dataclasses import dataclass

from telephony.agi.error import BadQuestion
from telephony.agi.question import Asked, Question, read_question

HEADER_MAX = 16_384  # bytes; Asterisk's own header is about 800, and what the dialplan adds goes through 8,192
REPLY_MAX = 4_096

_OPENING = b"agi_network: yes\nagi_network_script: "


@dataclass(slots=True)
class Header:
    """Collects the opening block."""

    _data: bytes = b""

    def feed(self, data: bytes) -> Asked | None:
        """The question, once the block is whole; None: more is to come. Raises BadQuestion."""
        self._data += data
        if not (self._data.startswith(_OPENING) or _OPENING.startswith(self._data)):
            raise BadQuestion(f"not AGI: {self._data[:40]!r}")
        end = self._data.find(b"\n\n")
        if end < 0:
            if len(self._data) > HEADER_MAX:
                raise BadQuestion(f"a header of more than {HEADER_MAX} bytes")
            return None
        script, _, _ = self._data[len(_OPENING) :].partition(b"\n")
        return read_question(script.decode("utf-8", "replace"))


def setting(question: Asked, text: str) -> bytes:
    """The command that puts the answer where the dialplan looks for it: on the asking channel.

    Neither part can hold a quote, a comma, a space or a line end: `read_question`, `write_answer` and `write_word`
    see to that.
    """
    return f'SET VARIABLE {_place(question)} "{text}"\n'.encode()


def checking(question: Asked) -> bytes:
    """The command that reads it back: setting it on a channel that is gone is reported as done."""
    return f"GET FULL VARIABLE ${{{_place(question)}}}\n".encode()


def _place(question: Asked) -> str:
    match question:
        case Question():
            return f"SHARED(LD_ANSWER,{question.asker})"
        case _:
            return f"SHARED(LD_RESULT,{question.channel})"


PIN = b"GET FULL VARIABLE ${LD_PIN}\n"
"""The command that asks for the PIN of a wish. It never stands in the question itself: Asterisk logs a URL that it
could not reach, and shows it to whoever lists channels."""


def value(reply: bytes) -> str | None:
    """The value in the answer to a GET; None: it is no such answer."""
    opened, closed = b"200 result=1 (", b")"
    line = reply.rstrip(b"\r\n")
    if not (line.startswith(opened) and line.endswith(closed)):
        return None
    return line[len(opened) : -len(closed)].decode("utf-8", "replace")


def took(reply: bytes) -> bool:
    """Whether a line is Asterisk's word that a command was done."""
    return reply.startswith(b"200 result=1")


def says(reply: bytes, text: str) -> bool:
    """Whether a line is the answer to `checking`, with this text."""
    return value(reply) == text


def is_reply(line: bytes) -> bool:
    """Whether a line is a reply at all: Asterisk also writes HANGUP between them."""
    return line[:3].isdigit()
