"""Who does a deed: a person at a seat, or a part of the house or of another one that acts by itself."""

from __future__ import annotations

from dataclasses import dataclass

from intake.incident.text import id_


@dataclass(frozen=True, slots=True)
class Who:
    """The one who acts; an id, never a name. Raises BadValue for what is no id."""

    id: str
    """A person's id (`zhang-wei`), or a part's (`dispatch`, a department's id)."""
    person: bool = True
    """Whether it is a person of the centre: the journal then finds the fact by that person, too."""
    seat: str | None = None
    """Where the person sat."""

    def __post_init__(self) -> None:
        id_("who", self.id)
        if self.seat is not None:
            id_("seat", self.seat)
