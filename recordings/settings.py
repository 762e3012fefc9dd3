"""What a centre may set about its recordings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.field import Between
from config.part import Part


class RecordingSettings(Part):
    """The `recordings` part of a centre's configuration."""

    keep_raw: bool = Field(
        False,
        description="keep Asterisk's raw files of every call, some 115 MB per hour and file; "
        "those of a faulty call are always kept",
    )
    quiet_dbfs: Annotated[float, Between(-90, 0, "dBFS")] = Field(
        -45.0,
        description="a leg whose loudest second stays below is noted as quiet; telephone speech has some -25, "
        "and quiet is an observation, never a fault",
    )
    zeros_s: Annotated[float, Between(2, 600, "s")] = Field(
        3.0,
        description="exact zeros in a leg for so long, while the other side was sent sound or packets came, are a "
        "fault; a pause for breath is shorter",
    )
