"""What a want brings along, read with care: what is no such value raises `console.wire.Refused`, `bad_request`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.wire import Refused
from journal.fact import checked_id

Args = Mapping[str, Any]


def by(args: Args) -> str:
    """Who wants it: a role, or a part of the house. Raises BadFact for what is no id."""
    return checked_id(text(args, "by"))


def text(args: Args, name: str) -> str:
    """A text."""
    match args.get(name):
        case str(value):
            return value
        case _:
            raise Refused("bad_request", f"{name} is missing, or no text")


def text_or_none(args: Args, name: str) -> str | None:
    """A text, or nothing."""
    return None if args.get(name) is None else text(args, name)


def whole_or_none(args: Args, name: str) -> int | None:
    """A whole number, or nothing."""
    match args.get(name):
        case None:
            return None
        case int(value) if not isinstance(value, bool):
            return value
        case _:
            raise Refused("bad_request", f"{name} is no whole number")


def fields(args: Args, name: str) -> Mapping[str, Any]:
    """An object."""
    match args.get(name):
        case dict(value):
            return value
        case _:
            raise Refused("bad_request", f"{name} is missing, or no object")


def items(args: Args, name: str) -> list[Any]:
    """A list."""
    match args.get(name):
        case list(value):
            return value
        case _:
            raise Refused("bad_request", f"{name} is missing, or no list")


def number(args: Args, name: str) -> float:
    """A number."""
    match args.get(name):
        case int(value) | float(value) if not isinstance(value, bool):
            return float(value)
        case _:
            raise Refused("bad_request", f"{name} is missing, or no number")


def number_or_none(args: Args, name: str) -> float | None:
    """A number, or nothing."""
    return None if args.get(name) is None else number(args, name)
