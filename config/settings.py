"""What all parts of a centre share: the file `centre.yaml`.

Kept small: what only one floor needs stands in that floor's part.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field

from config.field import Language, Wording
from config.part import Part, repeated
from config.problem import Refused, nearest


def _zone(value: str) -> str:
    zones = available_timezones()
    if not zones:
        raise Refused("no_time_zones", "this machine has no time zone data; install the package tzdata")
    if value not in zones:
        allowed = "an IANA time zone such as Asia/Shanghai"
        raise Refused("bad_time_zone", allowed=(allowed,), nearest=nearest(value, zones))
    return value


class Settings(Part):
    """The centre itself."""

    name: Wording
    """What the centre is called."""
    time_zone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    """The zone of every time on screen and in reports (IANA name); storage is in UTC."""
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = (Language.ZH, Language.EN)
    """In the order in which callers hear them."""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone, to make local times with."""
        return ZoneInfo(self.time_zone)

    def complaints(self) -> Iterator[Refused]:
        """A language said twice."""
        yield from repeated((each, ("languages", index)) for index, each in enumerate(self.languages))
