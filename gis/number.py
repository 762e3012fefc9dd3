"""Telephone numbers as keys: the same line is one key, however a trunk or a table writes it.

A caller's number comes as `+8613800000001`, `008613800000001`, `13800000001` or `013800000001`, a fixed line with or
without its area code. The key is country code and national number, digits only: `8613800000001`, `8690055510001`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SEPARATORS = re.compile(r"[\s().\-/]+")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LONGEST = 15  # ITU-T E.164


@dataclass(frozen=True, slots=True)
class NumberPlan:
    """How numbers are dialled where the centre is; the defaults are China's."""

    country: str = "86"
    """Country code."""
    area: str = ""
    """The centre's own area code, without the 0 before it; empty where local numbers are never shown alone."""

    def key(self, number: str) -> str | None:
        """The key of a number as somebody wrote it; None for what is no number, or hidden."""
        plain = _SEPARATORS.sub("", number)
        international = plain.startswith("+")
        digits = plain.removeprefix("+")
        if not digits.isascii() or not digits.isdigit() or not digits.strip("0"):
            return None
        if not international and digits.startswith("00"):
            digits, international = digits[2:], True
        if international:
            key = digits
        elif digits.startswith("0"):
            key = self.country + digits[1:]
        elif self.is_mobile(self.country + digits):
            key = self.country + digits
        elif len(digits) > 11 and digits.startswith(self.country):
            key = digits  # with country code and without the sign that says so
        else:
            key = self.country + self.area + digits
        return key if len(key) <= _LONGEST and not key.startswith("0") else None

    def is_mobile(self, key: str) -> bool:
        """Whether a key is a mobile's; known for China only, elsewhere the table says it."""
        return self.country == "86" and key.startswith("86") and bool(_MOBILE.fullmatch(key[2:]))
