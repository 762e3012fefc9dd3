"""The hash chain: what makes one fact follow another, and nothing else.

    genesis = SHA-256("liandong journal 1\\n" journal)
    digest  = SHA-256("liandong personal 1\\n" salt "\\n" personal)
    hash    = SHA-256("liandong fact 1\\n" previous "\\n" text)

`text` holds the sequence and the digest, so the chain covers place, words and personal data, and the personal data can
still be deleted: the digest stays, and without the salt, which is deleted with them, nobody can try telephone numbers
until one fits. All hashes are 64 hexadecimal digits, the salt is 32.

Everything here must stay as it is for ever; a new form gets a new number in its first line.
"""

from __future__ import annotations

import secrets
from hashlib import sha256

from journal.canonical import canonical
from journal.fact import Draft

SALT_BYTES = 16


def genesis(journal: str) -> str:
    """The hash before the first fact: facts of one journal can't be carried into another."""
    return _hash("liandong journal 1", journal)


def new_salt() -> str:
    """A salt that nobody can guess."""
    return secrets.token_hex(SALT_BYTES)


def personal_digest(salt: str, personal: str) -> str:
    """What the chain knows of personal data."""
    return _hash("liandong personal 1", salt, personal)


def link(previous: str, text: str) -> str:
    """The hash of a fact."""
    return _hash("liandong fact 1", previous, text)


def fact_text(sequence: int, draft: Draft, digest: str | None) -> str:
    """The canonical text of a fact; `digest` is None if it has no personal data. Its parts are canonical already."""
    personal = "null" if digest is None else f'"{digest}"'
    return (
        f'{{"body":{draft.body},"id":"{draft.id}","personal":{personal},"sequence":{sequence},'
        f'"subjects":{canonical(dict(draft.subjects))},"time":"{draft.time}","type":{canonical(draft.type)}}}'
    )


def _hash(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()
