"""What everything that is told has in common: each is whole, and read by who is older or newer."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, WithJsonSchema

Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""UTC, as `journal.instant.to_text` writes it."""


class State(BaseModel):
    """One thing as it is now."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True, allow_inf_nan=False)
