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
    )

    def complaints(self) -> Iterator[Refused]:
        """What is wrong between this file's fields, such as a name used twice; each with its `path` from here.

        Called by the loader on a whole file's part once every field is right by itself. Unlike a validator
        it can tell several places at once.
        """
        yield from ()


def repeated(values: Iterable[tuple[object, tuple[Step, ...]]]) -> Iterator[Refused]:
    """A complaint for each value that stands twice; `values` are pairs of a value and its path from here."""
    first: dict[object, tuple[Step, ...]] = {}
    for value, path in values:
        if value in first:
            message = f"{quoted(str(value))} stands already at {path_text(first[value])}"
            yield Refused("repeated", message, path=path)
        else:
            first[value] = path
