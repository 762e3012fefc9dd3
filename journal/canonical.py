"""The one text form of a value: what is stored, what is hashed, and what is sent are these same bytes.

JSON with sorted keys and no blanks, in UTF-8. Rules: a value has exactly one form; what has none (NaN, lone
surrogates, numbers that a browser would round) is refused, never bent. Keys are sorted by code point; RFC 8785 sorts
them by UTF-16 unit, which is the same but for keys beyond U+FFFF. Floats are written as Python's `repr` writes them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from journal.error import BadFact

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]

MAX_BYTES = 64 * 1024
"""Of one text, in UTF-8. A fact tells what happened; sound, pictures and documents lie in files that it names."""
MAX_DEPTH = 32
"""Of nested values; far more than any fact has, far less than the interpreter's stack."""
MAX_INTEGER = 2**53 - 1
"""Beyond this a browser rounds."""


def canonical(value: Json) -> str:
    """The canonical text of a value; raises BadFact."""
    text = json.dumps(_plain(value, 0), ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise BadFact("a text holds half a character (a lone surrogate)") from error
    if size > MAX_BYTES:
        raise BadFact(f"{size} bytes of text; at most {MAX_BYTES} are allowed")
    return text


def is_canonical(text: str) -> bool:
    """Whether a text is the canonical form of what it says."""
    try:
        return canonical(json.loads(text)) == text
    except (BadFact, ValueError, RecursionError):
        return False


def _plain(value: object, depth: int) -> object:
    if depth > MAX_DEPTH:
        raise BadFact(f"values nested deeper than {MAX_DEPTH}")
    match value:
        case None | bool():
            return value
        case str():
            return str(value)
        case int():
            if abs(value) > MAX_INTEGER:
                raise BadFact(f"{value} is beyond ±{MAX_INTEGER}: write it as text")
            return int(value)
        case float():
            if not math.isfinite(value):
                raise BadFact(f"{value} is no number that JSON has")
            return float(value)
        case Mapping():
            return {_key(key): _plain(each, depth + 1) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each, depth + 1) for each in value]
        case _:
            raise BadFact(f"a {type(value).__name__} has no JSON form")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise BadFact(f"the key {key!r} is no text")
    return str(key)
