"""The base of every schema: strict, frozen, no unknown keys.

A floor writes the schema of its file as a `Part` whose fields are plain types, the types of `config.field`,
tuples and further `Part`s. Values come as YAML says them: text never turns into a number or a number into
text, a list becomes a tuple, a word becomes an enum's member.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import BaseModel, ConfigDict

from config.problem import Refused, Step, path_text, quoted


class Part(BaseModel):
    """One file of the centre, or a piece of one.

    Built in code it takes the same values as from YAML, with tuples for lists.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        validate_default=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    def complaints(self) -> Iterator[Refused]:
        """What is wrong between this part's fields, such as a name used twice; each with its `path` from here.

        Called by the loader on a file's part and every part in it, once each field is right by itself. Unlike
        a validator it can tell several places at once.
        """
        yield from ()


def complaints(value: object, path: tuple[Step, ...] = ()) -> Iterator[Refused]:
    """Every complaint of a part and of the parts in its fields, lists and mappings; `path` leads to it."""
    match value:
        case Part():
            yield from (refused.under(*path) for refused in value.complaints())
            for name, field in type(value).model_fields.items():
                yield from complaints(getattr(value, name), (*path, field.alias or name))
        case tuple() | list():
            for index, item in enumerate(value):
                yield from complaints(item, (*path, index))
        case dict():
            for key, item in value.items():
                yield from complaints(item, (*path, str(key)))


def repeated(values: Iterable[tuple[object, tuple[Step, ...]]]) -> Iterator[Refused]:
    """A complaint for each value that stands twice; `values` are pairs of a value and its path from here."""
    first: dict[object, tuple[Step, ...]] = {}
    for value, path in values:
        if value in first:
            message = f"{quoted(str(value))} stands already at {path_text(first[value])}"
            yield Refused("repeated", message, path=path)
        else:
            first[value] = path
