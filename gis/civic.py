"""Addresses: in the parts of RFC 5139, or as one line that somebody wrote.

China's order is from the large to the small without blanks (RFC 5774 section 3 leaves it to each country), elsewhere
the house comes first. Parts that nobody knows are kept all the same: a dispatcher may.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MOST_PARTS = 40
MOST_SIGNS = 200
"""Of one part, or of a line: longer is cut, and an address on a screen needs no more."""

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9]{0,19}")
_HAN = re.compile("[\u3400-\u9fff]")
_LARGE_TO_SMALL = (
    *("A1", "A2", "A3", "A4", "A5", "A6", "PRD", "PRM", "RD", "STS", "POD", "POM", "RDSEC", "RDBR", "RDSUBBR"),
    *("HNO", "HNS", "LMK", "NAM", "BLD", "UNIT", "FLR", "ROOM", "SEAT", "LOC"),
)
_HOUSE_FIRST = (
    *("NAM", "LMK", "HNO", "HNS", "PRD", "PRM", "RD", "STS", "POD", "POM", "A6", "BLD", "UNIT", "FLR", "ROOM", "SEAT"),
    *("LOC", "A5", "A4", "A3", "A2", "A1", "PC"),
)


@dataclass(frozen=True, slots=True)
class Civic:
    """An address; at least one of both has something in it."""

    parts: tuple[tuple[str, str], ...] = ()
    """Tags of RFC 5139 (`A3`, `RD`, `HNO`) and their values, in the order in which they were sent."""
    text: str = ""
    """The whole address where it came as one line."""

    @classmethod
    def of(cls, parts: Iterable[tuple[str, str]], text: str = "") -> Civic | None:
        """An address out of what somebody sent, cleaned and cut; None if nothing is in it."""
        kept: dict[str, str] = {}
        for tag, value in parts:
            line = _line(value)
            if _TAG.fullmatch(tag) and line and tag not in kept and len(kept) < MOST_PARTS:
                kept[tag] = line
        text = _line(text)
        return cls(tuple(kept.items()), text) if kept or text else None

    @property
    def line(self) -> str:
        """As people write it where it lies."""
        if self.text:
            return self.text
        parts = dict(self.parts)
        chinese = parts.get("country", "").upper() == "CN" or any(_HAN.search(value) for value in parts.values())
        said = _chinese(parts) if chinese else ", ".join(_western(parts))
        return said or " ".join(value for _, value in self.parts)


def _chinese(parts: Mapping[str, str]) -> str:
    words: list[str] = []
    for tag in _LARGE_TO_SMALL:
        word = parts.get(tag, "")
        # 北京市 is both the province and the city of its own addresses, and said once.
        if word and (not words or words[-1] != word):
            words.append(f"{word}号" if tag == "HNO" and word.isdigit() else word)
    return "".join(words) if any(_HAN.search(word) for word in words) else " ".join(words)


def _western(parts: Mapping[str, str]) -> list[str]:
    street = {"HNO", "HNS", "PRD", "PRM", "RD", "STS", "POD", "POM"}
    if "RD" not in parts and "A6" in parts:
        street.add("A6")  # RFC 4119 wrote the street there
    line = " ".join(parts[tag] for tag in _HOUSE_FIRST if tag in street and tag in parts)
    words = [parts[tag] for tag in _HOUSE_FIRST if tag not in street and tag in parts]
    return [word for word in (line, *words) if word]


def _line(text: str) -> str:
    words = "".join(sign if sign.isprintable() else " " for sign in text[: 8 * MOST_SIGNS]).split()
    line = " ".join(words)
    return line if len(line) <= MOST_SIGNS else line[: MOST_SIGNS - 1] + "…"
