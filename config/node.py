"""A YAML file's values as a tree, each with its line and column and the text that it was written as.

Lines and columns count from 1, columns in characters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from config.problem import Step, quoted

_INT = re.compile(r"0|-?[1-9][0-9]{0,62}")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,62})\.[0-9]{1,63}")
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
"""A node without its place: what JSON can say."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value and the text that it was written as."""

    line: int
    column: int
    value: bool | int | float | str | None
    text: str

    def plain(self) -> Plain:
        """The value."""
        return self.value

    def shown(self) -> str:
        """The value as an error message shows it: as written, text in quotes."""
        if self.value is None:
            return "nothing"
        return quoted(self.text) if isinstance(self.value, str) else self.text


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    line: int
    column: int
    items: list[Node] = field(default_factory=list)

    def plain(self) -> Plain:
        """The values."""
        return [item.plain() for item in self.items]

    def shown(self) -> str:
        """As an error message shows it."""
        return "a list"


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping, with its own place, and its value."""

    line: int
    column: int
    node: Node


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping: keys and values, in the file's order."""

    line: int
    column: int
    entries: dict[str, Entry] = field(default_factory=dict)

    def plain(self) -> Plain:
        """The keys and values."""
        return {key: entry.node.plain() for key, entry in self.entries.items()}

    def shown(self) -> str:
        """As an error message shows it."""
        return "keys and values"


Node = Scalar | Sequence | Table


def as_json(root: Table) -> str:
    """The values without their places, as JSON."""
    return json.dumps(root.plain(), ensure_ascii=False, allow_nan=False)


def find(root: Table, path: tuple[Step, ...]) -> tuple[int, int]:
    """Line and column of the value that a path leads to, or of the last thing on the way to it."""
    node: Node = root
    for step in path:
        if isinstance(node, Table) and isinstance(step, str) and step in node.entries:
            node = node.entries[step].node
        elif isinstance(node, Sequence) and isinstance(step, int) and 0 <= step < len(node.items):
            node = node.items[step]
        else:
            break
    return node.line, node.column


def resolved(text: str) -> bool | int | float | str | None:
    """The value of a plain (unquoted) scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
