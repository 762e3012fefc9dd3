"""What can be wrong with a question or an answer; `code` is stable."""

from __future__ import annotations


class AgiError(ValueError):
    """Something about a question or its answer is not as agreed."""

    code = "agi_error"


class BadQuestion(AgiError):
    """The other side did not ask as the dialplan does; it gets no answer."""

    code = "agi_bad_question"


class BadAnswer(AgiError):
    """An answer that the dialplan could not read as it is meant: our own mistake."""

    code = "agi_bad_answer"
