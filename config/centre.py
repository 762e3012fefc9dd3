"""Loading one centre: a folder with one YAML file a part.

Rules: `telephony` is the part whose file is `telephony.yaml`. A part whose schema has a default for
everything may have no file, or an empty one; every other file must be there. A `.yaml` or `.yml` file that
belongs to no part is refused, because a setting that nobody reads is worse than none; names that begin with
a dot, other files and folders are ignored. All problems of all files are told at once.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from config import document, explain, node
from config.node import Table
from config.part import Part, complaints
from config.problem import ConfigErrors, Problem, Refused, Step, nearest

P = TypeVar("P", bound=Part)

MAX_PROBLEMS = 100
"""Told of one file; a file of another kind altogether can be wrong a hundred thousand times."""

_NOTHING = Table(0, 0)
"""Stands for a part's file that is not there: its places are line 0."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a centre's files."""

    file: str
    line: int
    """From 1; 0 when the part has no file."""
    column: int
    """From 1; 0 when the part has no file."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class _Loaded:
    file: str
    part: Part
    root: Table


class Centre:
    """A loaded centre: its parts by type, and where everything in them was written."""

    def __init__(self, folder: Path, loaded: Mapping[type[Part], _Loaded]) -> None:
        self.folder = folder
        self._loaded = loaded

    def part(self, kind: type[P]) -> P:
        """The part with this schema; KeyError if it was not among those loaded."""
        part = self._loaded[kind].part
        assert isinstance(part, kind)
        return part

    def where(self, kind: type[Part], *path: Step) -> Place:
        """Where a value of a part was written; a value that came from a default is where it would stand."""
        loaded = self._loaded[kind]
        return Place(loaded.file, *node.find(loaded.root, path))

    def problem(self, kind: type[Part], refused: Refused) -> Problem:
        """A complaint about a part, found by looking at several parts, with its place; for `ConfigErrors`."""
        loaded = self._loaded[kind]
        return explain.located(refused, loaded.root, loaded.file)


def load(folder: Path, parts: Mapping[str, type[Part]]) -> Centre:
    """Load a centre's folder; `parts` gives each file's name without `.yaml`, and its schema.

    Raises ConfigErrors with every problem found.
    """
    if len(set(parts.values())) != len(parts):
        raise TypeError("every part needs a schema of its own")
    names = _names(folder)
    problems = list(_strangers(names, parts))
    loaded: dict[type[Part], _Loaded] = {}
    for name, schema in parts.items():
        try:
            loaded[schema] = _load_part(folder, f"{name}.yaml", schema)
        except ConfigErrors as errors:
            problems += errors.problems
    if problems:
        raise ConfigErrors(problems)
    return Centre(folder, loaded)


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise ConfigErrors([_unreadable(str(folder), "folder", error)]) from error
    except ValueError as error:  # a NUL in the path
        raise ConfigErrors([Problem(str(folder), 0, 0, "", str(error), "folder_missing")]) from error


def _strangers(names: list[str], parts: Mapping[str, type[Part]]) -> Iterator[Problem]:
    allowed = tuple(f"{part}.yaml" for part in parts)
    for name in names:
        if not name.startswith(".") and name.lower().endswith((".yaml", ".yml")) and name not in allowed:
            printable = name if name.isprintable() else ascii(name)
            yield Problem(printable, 0, 0, "", "unknown file", "unknown_file", allowed, nearest(printable, allowed))


def _load_part(folder: Path, file: str, schema: type[Part]) -> _Loaded:
    data = _bytes(folder / file, file)
    read = document.read(data, file) if data is not None else document.Document(_NOTHING)
    root, problems = read.root, list(read.problems)
    if root is None:
        raise ConfigErrors(_capped(problems, file))
    try:
        # JSON in between is on purpose: pydantic's strict rules for JSON are the ones for files (lists for
        # tuples, words for enums, nothing else turned into anything else).
        part = schema.model_validate_json(node.as_json(root))
    except ValidationError as error:
        if not root.entries:
            problems.append(_empty(file, schema, missing=data is None))
        else:
            problems += explain.explained(error, schema, root, file)
        raise ConfigErrors(_capped(problems, file)) from None
    problems += (explain.located(refused, root, file) for refused in complaints(part))
    if problems:
        raise ConfigErrors(_capped(problems, file))
    return _Loaded(file, part, root)


def _capped(problems: list[Problem], file: str) -> list[Problem]:
    if len(problems) <= MAX_PROBLEMS:
        return problems
    left = f"{len(problems) - MAX_PROBLEMS} more problems are not listed"
    return [*ConfigErrors(problems).problems[:MAX_PROBLEMS], Problem(file, 0, 0, "", left, "too_many")]


def _empty(file: str, schema: type[Part], *, missing: bool) -> Problem:
    required = tuple(field.alias or name for name, field in schema.model_fields.items() if field.is_required())
    if missing:
        return Problem(file, 0, 0, "", f"the file is missing; its keys: {', '.join(required)}", "file_missing")
    return Problem(file, 0, 0, "", f"the file is empty; its keys: {', '.join(required)}", "file_empty")


def _bytes(path: Path, file: str) -> bytes | None:
    """The file's content, one byte more than allowed at most; None if there is no file."""
    try:
        # Not blocking: a FIFO that is named like a part must not hang the start.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        if path.is_symlink():
            raise ConfigErrors([Problem(file, 0, 0, "", "this link leads to nothing", "file_missing")]) from error
        return None
    except OSError as error:
        raise ConfigErrors([_unreadable(file, "file", error)]) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ConfigErrors([Problem(file, 0, 0, "", "this is not a file", "not_a_file")])
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(document.MAX_BYTES + 1)
    except OSError as error:
        raise ConfigErrors([_unreadable(file, "file", error)]) from error
    finally:
        os.close(descriptor)


def _unreadable(name: str, what: str, error: OSError) -> Problem:
    told = {
        errno.ENOENT: ("missing", f"no such {what}"),
        errno.ENOTDIR: ("missing", f"no such {what}"),
        errno.EACCES: ("unreadable", f"no permission to read this {what}"),
        errno.ELOOP: ("unreadable", "this is a loop of symbolic links"),
    }
    code, message = told.get(error.errno or 0, ("unreadable", f"cannot be read: {error.strerror}"))
    return Problem(name, 0, 0, "", message, f"{what}_{code}")
