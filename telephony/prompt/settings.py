"""The centre's prompts as its people write them: `prompts.yaml`, one text in every language for each id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import ConfigDict, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from config.field import Name, Wording
from config.part import Part
from config.problem import Refused, quoted


def _id(value: str, check: ValidatorFunctionWrapHandler) -> str:
    """The same as a Name, but the complaint shows the key: what stands at its place is the text."""
    try:
        return str(check(value))
    except ValidationError as error:
        cause = error.errors()[0].get("ctx", {}).get("error")
        allowed = cause.allowed if isinstance(cause, Refused) else ()
        raise Refused("bad_name", f"{quoted(value)} can't be a prompt's id", allowed=allowed) from None


class PromptSettings(Part):
    """Every key is a prompt's id, every value its text."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[Annotated[Name, WrapValidator(_id)], Wording]

    def texts(self) -> Mapping[str, Wording]:
        """The texts by id, in the file's order."""
        return self.__pydantic_extra__
