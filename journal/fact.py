"""Facts: a `Draft` is what somebody wants recorded, a `Fact` is what stands in the journal.

Rules: `body` stays for ever, so it holds nothing about a person (no number, name, address, place of a caller, nor
words that were said); such things go into `personal`, which retention erases. Subjects are ids, never names.
Both kinds of text are canonical from the start, so that what was checked is what is written.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from journal.canonical import Json, canonical
from journal.error import BadFact
from journal.instant import from_text, to_text
from journal.registry import SUBJECT_KIND

_SHAPE = {"sequence": int, "id": str, "type": str, "subjects": dict, "body": dict, "personal": str | None}
_ID = re.compile(r"[A-Za-z0-9._:@/+-]{1,128}", re.ASCII)


def new_id() -> str:
    """An id that nothing else has: 122 random bits in 32 hexadecimal digits."""
    return uuid.uuid4().hex


def checked_id(text: str) -> str:
    """The id itself; raises BadFact unless it is 1 to 128 of letters, digits and `._:@/+-`."""
    if not _ID.fullmatch(text):
        raise BadFact(f"{text[:140]!r} is no id: 1 to 128 letters, digits and ._:@/+-")
    return text


@dataclass(frozen=True, slots=True)
class Draft:
    """A fact before it has a place in the journal. Make it with `Draft.of`."""

    id: str
    """Its own, from its beginning: the same id twice is the same fact (idempotency key)."""
    type: str
    time: str
    """When it happened, UTC, as `instant.to_text` writes it."""
    subjects: tuple[tuple[str, str], ...]
    """Kind and id of whatever it is about, sorted by kind: `(("call", "1732374000.12"), ("seat", "seat-01"))`."""
    body: str
    """Canonical JSON of an object."""
    personal: str | None
    """Canonical JSON of an object; None if there is nothing about a person."""

    @classmethod
    def of(
        cls,
        type: str,
        time: datetime,
        *,
        subjects: Mapping[str, str] | None = None,
        body: Mapping[str, Json] | None = None,
        personal: Mapping[str, Json] | None = None,
        id: str | None = None,
    ) -> Draft:
        """A draft of this type and time; without `id` it gets a new one. Raises BadFact."""
        return cls(
            id=new_id() if id is None else checked_id(id),
            type=str(type),
            time=to_text(time),
            subjects=tuple(sorted((_kind(kind), checked_id(each)) for kind, each in (subjects or {}).items())),
            body=canonical(body or {}),
            personal=None if personal is None else canonical(personal),
        )

    def to_text(self) -> str:
        """All of it in one canonical line, for the spool."""
        personal = "null" if self.personal is None else self.personal
        return (
            f'{{"body":{self.body},"id":"{self.id}","personal":{personal},"subjects":{canonical(dict(self.subjects))},'
            f'"time":"{self.time}","type":{canonical(self.type)}}}'
        )

    @classmethod
    def from_text(cls, text: str) -> Draft:
        """What `to_text` wrote; raises BadFact for anything else."""
        try:
            told = json.loads(text)
            return cls.of(
                told["type"],
                from_text(told["time"]),
                subjects=told["subjects"],
                body=told["body"],
                personal=told["personal"],
                id=told["id"],
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BadFact(f"no draft of a fact: {error}") from error


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry of the journal."""

    sequence: int
    """From 1, without gaps; who has seen N has seen all up to N."""
    id: str
    type: str
    time: datetime
    """When it happened, UTC. Sequences order facts, times don't: a clock may step back."""
    subjects: Mapping[str, str]
    body: Mapping[str, Any]
    personal: Mapping[str, Any] | None
    """None if there never was anything, or if it was erased."""
    digest: str | None
    """Salted hash of the personal data; None if there never was anything."""
    text: str
    """The bytes that are chained: canonical JSON of all the above, with a salted digest in place of `personal`."""
    previous: str
    """Hash of the fact before, 64 hexadecimal digits."""
    hash: str

    @property
    def erased(self) -> bool:
        """It had personal data, and they are gone."""
        return self.digest is not None and self.personal is None

    @classmethod
    def read(cls, text: str, personal: str | None, previous: str, hash: str) -> Fact:
        """A fact from its stored texts. Raises BadFact when `text` was not written by this package."""
        try:
            told = json.loads(text)
            for name, kind in _SHAPE.items():
                if not isinstance(told[name], kind):
                    raise BadFact(f"{name} is of another kind")
            return cls(
                sequence=told["sequence"],
                id=told["id"],
                type=told["type"],
                time=from_text(told["time"]),
                subjects=told["subjects"],
                body=told["body"],
                personal=None if personal is None else json.loads(personal),
                digest=told["personal"],
                text=text,
                previous=previous,
                hash=hash,
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadFact(f"no text of a fact: {error}") from error


def _kind(kind: str) -> str:
    if not SUBJECT_KIND.fullmatch(kind):
        raise BadFact(f"{kind!r} is no kind of subject: small letters and _, such as call or duty_line")
    return kind
