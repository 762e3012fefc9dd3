"""Which request a fact was written for: found again by its key, and told from another one that was given the same key.

What was asked may say something about persons, so even its digest stands in the part of a fact that can be erased. A
fact without one, erased or of an older version, is known by whom and what it is about alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from sqlalchemy import Connection, select

from intake.incident.error import DeedRefused
from intake.incident.who import Who
from journal import Fact
from journal.tables import facts, personal

ASKED = "asked"
"""Where the digest stands."""


def digest(asked: Mapping[str, object]) -> str:
    """Of everything that was asked, whatever can be said: SHA-256 of its JSON, in hexadecimal digits."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=repr).encode()).hexdigest()


def done_before(connection: Connection, id: str, who: Who, about: Mapping[str, str], asked: str) -> Fact | None:
    """The fact of this id, if it stands in the journal. Raises DeedRefused if it was written for another request.

    `about` are subjects that it has, and `asked` is the digest of what is asked now.
    """
    query = (
        select(facts.c.text, personal.c.text, facts.c.previous, facts.c.hash)
        .outerjoin(personal, personal.c.sequence == facts.c.sequence)
        .where(facts.c.id == id)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    found = Fact.read(*row)
    same = found.body["by"] == who.id and about.items() <= found.subjects.items()
    if not same or (found.personal or {}).get(ASKED, asked) != asked:
        raise DeedRefused("key_used", "the key was used for something else: give each request a new one")
    return found
