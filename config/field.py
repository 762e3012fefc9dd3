"""Types of fields that all floors share. Each refuses with what would be right.

Telephone numbers are text: `0110`, `+8610…` and `110` are all different from what a number would make of
them. An unquoted `110` is accepted where a `Number` or `Digits` is wanted, because the loader makes a number
only of a text that is exactly the number's own digits, so nothing is lost on the way.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from config.part import Part
from config.problem import Refused, quoted

_NAME = re.compile(r"[a-z](?:-?[a-z0-9]){0,39}")
_DIGITS = re.compile(r"[0-9]{1,20}")
_NUMBER = re.compile(r"\+?[0-9]{1,20}")
_SEPARATORS = re.compile(r"[\s().-]+")
_HOST_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Language(StrEnum):
    """A language that callers hear and people read."""

    ZH = "zh"
    EN = "en"


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        allowed = "up to 40 lower-case letters, digits and single dashes between them, beginning with a letter"
        raise Refused("bad_name", allowed=(allowed,))
    return value


def _digit_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else value


def _matching(pattern: re.Pattern[str], code: str, allowed: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if pattern.fullmatch(value):
            return value
        bare = _SEPARATORS.sub("", value)
        near = quoted(bare) if pattern.fullmatch(bare) else ""
        raise Refused(code, allowed=(allowed,), nearest=near)

    return check


def _line(value: str) -> str:
    if not value.strip() or value != value.strip() or _CONTROL.search(value):
        raise Refused("bad_text", allowed=("one line of text that is not empty and has no blanks around it",))
    return value


def _ip(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise Refused("bad_ip", allowed=("an IPv4 or IPv6 address such as 127.0.0.1",)) from None


def _host(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        labels = value.removesuffix(".").split(".")
        # 300.1.2.3 is a mistyped address, not a name: no top-level domain is all digits (RFC 3696 section 2).
        if len(value) > 253 or labels[-1].isdigit() or not all(map(_HOST_LABEL.fullmatch, labels)):
            allowed = "an IPv4 or IPv6 address, or a host name of letters, digits, dashes and dots"
            raise Refused("bad_host", allowed=(allowed,)) from None
        return value


@dataclass(frozen=True, slots=True)
class Between:
    """Bounds of a number, both included, for `Annotated[float, Between(1, 60, "s")]`.

    Says the whole range when a value is refused, the unit included.
    """

    least: float
    most: float
    unit: str = ""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Wrap the number's own check."""
        inner = handler(source)
        kind = "a whole number" if inner["type"] == "int" else "a number"
        allowed = f"{kind} from {_plain(self.least)} to {_plain(self.most)} {self.unit}".rstrip()

        def check(value: Any, check_number: core_schema.ValidatorFunctionWrapHandler) -> Any:
            try:
                number = check_number(value)
            except ValidationError:
                raise Refused("wrong_type", allowed=(allowed,)) from None
            if not self.least <= number <= self.most:
                raise Refused("out_of_range", allowed=(allowed,))
            return number

        return core_schema.no_info_wrap_validator_function(check, inner)


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


Name = Annotated[str, AfterValidator(_name)]
"""An id: `seat-1`, `fire`. Begins with a letter so that no program takes it for a number."""

Digits = Annotated[
    str,
    BeforeValidator(_digit_text),
    AfterValidator(_matching(_DIGITS, "bad_digits", "1 to 20 digits")),
]
"""Digits as text: a PIN, a short code. Leading zeros are kept."""

Number = Annotated[
    str,
    BeforeValidator(_digit_text),
    AfterValidator(_matching(_NUMBER, "bad_number", "1 to 20 digits, with or without a + before them")),
]
"""A telephone number or short code as text: `110`, `0110`, `+861085221234`.

ITU-T E.164 has at most 15 digits; 20 leaves room for the prefixes that trunks want.
"""

Line = Annotated[str, AfterValidator(_line)]
"""One line of text for people: not empty, no blanks around it, no control characters."""

Ip = Annotated[str, AfterValidator(_ip)]
"""An IPv4 or IPv6 address, in its usual spelling."""

Host = Annotated[str, AfterValidator(_host)]
"""An IP address or a host name."""

Port = Annotated[int, Between(0, 65_535)]
"""A UDP or TCP port; 0 lets the system choose a free one."""

Seconds = Annotated[float, Between(0, 86_400, "s")]
"""A duration in seconds, at most a day; its field's name ends in `_s`. `Between` makes narrower ranges."""


class Wording(Part):
    """One text in every language of the product."""

    zh: Line
    en: Line

    def said(self, language: Language) -> str:
        """The text in this language."""
        return self.zh if language is Language.ZH else self.en
