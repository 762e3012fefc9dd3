"""What people write, checked at the door: any character of any script is welcome, half a character is not.

Rules: text is kept as it was written, but for blanks around it and line ends, which become a line feed. Half a
character (a lone surrogate, which a broken input method or a cut JSON string makes) has no UTF-8 and would be lost or
bent somewhere on its way; a control character has no place in a record, and PostgreSQL cannot hold a NUL.
"""

from __future__ import annotations

import re

from intake.incident.error import BadValue

_HALF = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_END = re.compile("\r\n|\r")
_BREAK = re.compile("[\t\n\u0085\u2028\u2029]")
_ID = re.compile(r"[A-Za-z0-9._:@/+-]{1,64}", re.ASCII)
_NAME = re.compile(r"[a-z](?:-?[a-z0-9]){0,39}", re.ASCII)


def paragraph(field: str, value: object, most: int) -> str:
    """Text of several lines, at most so many characters; empty is allowed. Raises BadValue."""
    if not isinstance(value, str):
        raise BadValue("wrong_kind", field, "text is wanted")
    half = _HALF.search(value)
    if half:
        raise BadValue("half_character", field, f"half a character (a lone surrogate) at place {half.start() + 1}")
    text = _LINE_END.sub("\n", value).strip()
    control = _CONTROL.search(text)
    if control:
        raise BadValue("control_character", field, f"a control character (U+{ord(control[0]):04X})")
    if len(text) > most:
        raise BadValue("too_long", field, f"{len(text)} characters; at most {most} are allowed")
    return text


def line(field: str, value: object, most: int) -> str:
    """Text of one line. Raises BadValue."""
    text = paragraph(field, value, most)
    if _BREAK.search(text):
        raise BadValue("not_one_line", field, "one line of text is wanted")
    return text


def words(field: str, value: object, most: int) -> str:
    """Text of several lines that says something. Raises BadValue."""
    text = paragraph(field, value, most)
    if not text:
        raise BadValue("empty", field, "it must not be empty")
    return text


def name(field: str, value: object) -> str:
    """A name of a list of the centre, such as `house-fire`; empty for none. Raises BadValue."""
    if value in ("", None):
        return ""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise BadValue("bad_name", field, "up to 40 lower-case letters, digits and single dashes, a letter first")
    return value


def id_(field: str, value: object) -> str:
    """An id of anything. Raises BadValue."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise BadValue("bad_id", field, "1 to 64 letters, digits and ._:@/+-")
    return value
