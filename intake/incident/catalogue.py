"""What the centre's lists allow in a record. Pure.

Only what is new in a change is looked up: a record keeps what it has when a list becomes shorter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from intake.incident.content import Content
from intake.incident.error import BadValue
from intake.incident.settings import IncidentTypes


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The lists that a record's fields are held to."""

    types: IncidentTypes = field(default_factory=IncidentTypes)
    """Types, hazards and flags."""
    forms: Collection[str] | None = None
    """Service ids; None: any."""

    def amended(self, content: Content, changes: Mapping[str, object]) -> Content:
        """The content with these changes. A new type brings its class, and its grade if there is none yet.

        Raises BadValue.
        """
        new = content.changed(changes)
        if new.form and new.form != content.form and self.forms is not None and new.form not in self.forms:
            raise BadValue("unknown_form", "form", f"{new.form} is no service of this centre")
        for name, entries in (("hazards", self.types.hazards), ("flags", self.types.flags)):
            known = {each.id for each in entries}
            for each in getattr(new, name):
                if each not in getattr(content, name) and each not in known:
                    raise BadValue("unknown_mark", name, f"{each} is not in this centre's list")
        return new if new.type == content.type else self._typed(new)

    def _typed(self, new: Content) -> Content:
        if not new.type:
            return replace(new, event_class=None)
        kind = self.types.type(new.type)
        if kind is None:
            raise BadValue("unknown_type", "type", f"{new.type} is not in this centre's list")
        if kind.retired:
            raise BadValue("retired_type", "type", f"{new.type} is not used any more")
        return replace(new, event_class=kind.event_class, grade=new.grade or kind.grade)
