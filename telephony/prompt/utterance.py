"""A text as the synthesiser can say all of it.

espeak-ng 1.52 loses words without complaint: of 220 Chinese characters without a comma it left a tenth out, and a
full-width `１１０` is silence to it. What is done here adds pauses and rewrites signs; no character of meaning goes.
"""

from __future__ import annotations

import re

_FULL_WIDTH = {
    sign: sign - 0xFEE0 for first, last in ("０９", "ＡＺ", "ａｚ") for sign in range(ord(first), ord(last) + 1)
}
"""Full-width digits and letters; full-width commas stay, as `119，120` with a plain one is a single number."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_PAUSES = frozenset("，。；：！？、,.;:!?…")
_CLAUSE_WEIGHT = 240
"""Longest stretch without a pause: 60 Chinese or 240 other characters, a third of what espeak-ng keeps."""
_HAN_WEIGHT = 4
"""One Chinese character is a syllable, some four letters."""


def utterance(text: str) -> str:
    """The text with every sign in a form that is spoken, and with pauses where it has none for too long."""
    plain = _CONTROL.sub(" ", text.translate(_FULL_WIDTH))
    # Two brackets begin phonemes for the program (not for the library).
    return _with_pauses(plain.replace("[[", "[ ["))


def _with_pauses(text: str) -> str:
    done: list[str] = []
    weight = 0
    for sign in text:
        weight = 0 if sign in _PAUSES else weight + (_HAN_WEIGHT if _is_han(sign) else 1)
        # Latin words are not broken, unless one is absurdly long.
        if weight > _CLAUSE_WEIGHT and (_is_han(sign) or sign == " " or weight > 2 * _CLAUSE_WEIGHT):
            done.append("，" if _is_han(sign) else ", ")
            weight = 0
        done.append(sign)
    return "".join(done)


def _is_han(sign: str) -> bool:
    return "\u2e80" <= sign <= "\u9fff" or "\uf900" <= sign <= "\ufaff" or sign >= "\U00020000"
