"""Signs heads as the writer goes: into the database with the facts they seal, then into the heads file.

In this order, because a head in the file that the database lacks is the proof of a truncation: it must never come from
a crash between the two. A file that can't be written is tried again with every head, and told; facts go on.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from journal.head import Head, SignedHead, sign_due
from journal.heads_file import HeadsFile
from journal.key import SigningKey
from journal.ledger import Ledger
from journal.tables import signed_heads


class Seal:
    """The writer's signature. One thread uses it."""

    def __init__(self, key: SigningKey, file: HeadsFile) -> None:
        self._key = key
        self._file = file
        self._signed_at: datetime | None = None
        self.trouble: str | None = None
        """Why the heads file lags; None if it doesn't."""

    def due(self, now: datetime) -> bool:
        """Whether facts that came since the last head are to be sealed."""
        return sign_due(self._signed_at, now)

    def sign(self, ledger: Ledger, now: datetime) -> bool:
        """Sign the ledger's head into its transaction; False if that was done before, or nothing was ever recorded."""
        last = ledger.connection.scalar(select(func.max(signed_heads.c.sequence))) or 0
        if last >= ledger.sequence:
            return False
        text = Head(ledger.journal, ledger.sequence, ledger.hash, now, self._key.public.name).to_text()
        row = {"sequence": ledger.sequence, "text": text, "signature": self._key.sign(text)}
        ledger.connection.execute(signed_heads.insert(), [row])
        return True

    def signed(self, now: datetime) -> None:
        """The transaction with the head is committed."""
        self._signed_at = now

    def file(self, engine: Engine) -> None:
        """Bring the heads file up to the database."""
        try:
            query = select(signed_heads).where(signed_heads.c.sequence > self._file.last())
            with engine.connect() as connection:
                rows = connection.execute(query.order_by(signed_heads.c.sequence)).all()
            if rows:
                self._file.append([SignedHead(*row) for row in rows])
        except (OSError, SQLAlchemyError) as error:
            self.trouble = str(error)
        else:
            self.trouble = None
