"""GeoJSON files that people make (RFC 7946), read so that every complaint names its line.

The standard library forgets where in a file a value stood; here the list of features is walked one by one, and each
remembers its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any

from config.problem import ConfigErrors, Problem

MOST_BYTES = 64 * 1024 * 1024
"""Of a file: the finest borders of a large city have some ten."""

_WHITE = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature, with no promise about what is in it."""

    line: int
    """Where it begins, from 1."""
    value: Any


def features(path: Path) -> list[Feature]:
    """The features of a file; raises ConfigErrors with the one thing that stopped the reading."""
    name = path.name
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ConfigErrors([Problem(name, 0, 0, "", f"the file has more than {MOST_BYTES} bytes", "too_big")])
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigErrors([Problem(name, 0, 0, "", f"cannot be read: {error.strerror}", "file_unreadable")]) from error
    except UnicodeDecodeError as error:
        raise ConfigErrors([Problem(name, 0, 0, "", "is not UTF-8", "encoding")]) from error
    try:
        return list(_walk(text))
    except JSONDecodeError as error:
        raise ConfigErrors([Problem(name, error.lineno, error.colno, "", error.msg, "syntax")]) from error
    except RecursionError as error:
        raise ConfigErrors([Problem(name, 0, 0, "", "is nested too deeply", "too_deep")]) from error


def _walk(text: str) -> Iterator[Feature]:
    decoder = JSONDecoder(parse_constant=_no_constant)
    at = _expect(text, 0, "{", "a GeoJSON file is an object")
    found = False
    while text[at : at + 1] != "}":
        key, at = _decode(decoder, text, at)
        at = _expect(text, _blank(text, at), ":", "':' is missing")
        if key == "features":
            found = True
            at = _expect(text, at, "[", "features are a list")
            while text[at : at + 1] != "]":
                line = text.count("\n", 0, at) + 1
                value, at = _decode(decoder, text, at)
                yield Feature(line, value)
                at = _next(text, at, "]")
            at += 1
        else:
            _, at = _decode(decoder, text, at)
        at = _next(text, at, "}")
    if not found:
        raise JSONDecodeError("a FeatureCollection has a list of features", text, 0)
    if text[at + 1 :].strip():
        raise JSONDecodeError("something stands after the end", text, at + 1)


def _decode(decoder: JSONDecoder, text: str, at: int) -> tuple[Any, int]:
    try:
        return decoder.raw_decode(text, at)
    except _Constant as error:
        raise JSONDecodeError(f"{error} is no number", text, at) from error


class _Constant(ValueError):
    """NaN or an infinity, which JSON does not have."""


def _no_constant(name: str) -> None:
    raise _Constant(name)


def _blank(text: str, at: int) -> int:
    found = _WHITE.match(text, at)
    return found.end() if found else at


def _expect(text: str, at: int, sign: str, otherwise: str) -> int:
    at = _blank(text, at)
    if text[at : at + 1] != sign:
        raise JSONDecodeError(otherwise, text, at)
    return _blank(text, at + 1)


def _next(text: str, at: int, end: str) -> int:
    """Past the comma, or at the end of the list or object."""
    at = _blank(text, at)
    if text[at : at + 1] == ",":
        after = _blank(text, at + 1)
        if text[after : after + 1] == end:
            raise JSONDecodeError("a comma stands before the end", text, at)
        return after
    if text[at : at + 1] != end:
        raise JSONDecodeError(f"',' or '{end}' is missing", text, at)
    return at
