"""Telephone numbers of one subscriber, written in many ways, folded to one key. Pure.

    13812345678 = 013812345678 = +86 138 1234 5678 = 008613812345678 = １３８１２３４５６７８
    84112233 = 025-84112233 = +86 25 8411 2233 = (025)84112233 转 801       where the centre's area code is 025

Rules: a withheld number has no key, or all who withhold theirs would be one caller. What is no telephone number (a name
of a SIP account) is its own key. Numbers are China's; others keep their country code.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_WITHHELD = frozenset({"anonymous", "unknown", "restricted", "unavailable", "private", "withheld", "asterisk"})
_BRACKETS = re.compile(r"^<(.*)>$")
_EXTENSION = re.compile(r"(?:转|轉|分机|分機|ext\.?|#|;|,).*$", re.DOTALL)
_SEPARATORS = re.compile(r"[\s().\-‐-―/]+")  # NFKC has made the wide ones narrow
_PHONE = re.compile(r"\+?[0-9]{3,20}", re.ASCII)
_MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
_TOLL_FREE = re.compile(r"[48]00[0-9]{7}", re.ASCII)
_LOCAL = re.compile(r"[2-8][0-9]{6,7}", re.ASCII)
_MOST = 60


@dataclass(frozen=True, slots=True)
class NumberForm:
    """How the centre's neighbours dial."""

    area: str = ""
    """The area code with its 0, `025`: local numbers are completed with it. Empty: they stay as they are."""

    def key(self, number: str) -> str:
        """What a number is found by; empty for one that is withheld, or none."""
        text = unicodedata.normalize("NFKC", number).strip().casefold()
        text = _BRACKETS.sub(r"\1", text)
        if text in _WITHHELD:
            return ""
        bare = _SEPARATORS.sub("", _EXTENSION.sub("", text))
        if not bare.strip("+0"):
            return ""  # nothing, or zeros, which some networks send for a withheld number
        return self._phone(bare) if _PHONE.fullmatch(bare) else text[:_MOST]

    def _phone(self, digits: str) -> str:
        if digits.startswith("00"):
            digits = f"+{digits[2:]}"
        if digits.startswith("+86"):
            return self._national(digits[3:])
        if digits.startswith("86") and _MOBILE.fullmatch(digits[2:]):
            return digits[2:]  # some trunks leave out the plus
        if digits.startswith("0") and _MOBILE.fullmatch(digits[1:]):
            return digits[1:]  # dialled as a long-distance call
        if self.area and _LOCAL.fullmatch(digits):
            return self.area + digits
        return digits

    def _national(self, digits: str) -> str:
        digits = digits.removeprefix("0")  # +86 (0)25 …
        whole = _MOBILE.fullmatch(digits) or _TOLL_FREE.fullmatch(digits) or len(digits) < 9
        return digits if whole else f"0{digits}"
