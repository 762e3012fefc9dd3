"""Finds any fact that was edited, removed, reordered, inserted or cut off, and any tampering with what proves that.

It goes once through the journal, a page at a time, each page a short transaction, so a journal of any length needs
little memory (one bit a fact) and the writer goes on meanwhile. It trusts nothing but the public key.

What it can't find, and nobody could with these means: changes to facts after the last signed head by who can write to
the database; the database and the heads file both put back to an earlier state; a theft of the key. Copies of the heads
file elsewhere narrow the second. Timers and promises are state, not history; the auditor looks after them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from journal import tables
from journal.chain import genesis, link, personal_digest
from journal.database import snapshot
from journal.error import BadFact
from journal.fact import Fact
from journal.filed import FiledHeads
from journal.finding import Fault, Finding, Report
from journal.head import Head, SignedHead
from journal.instant import to_text
from journal.key import PublicKey
from journal.marks import Marks
from journal.page import HIGHEST, LOWEST, Page, read_page
from journal.registry import Own
from journal.tables import personal
from journal.unit import MOST_ERASED

MOST_FINDINGS = 100
"""Kept of all: one edit is found in one or two ways, and a list of thousands says no more."""

_RANKS = {fault: rank for rank, fault in enumerate(Fault)}


def verify(engine: Engine, public_key: PublicKey, heads_file: Path) -> Report:
    """Check the whole journal, on either engine.

    Raises OSError of the heads file, and SQLAlchemyError when the database can't be opened or was never upgraded.
    """
    with snapshot(engine) as connection:
        journal = connection.scalars(select(tables.head.c.journal)).first()
    return _Verification(engine, public_key, heads_file, _text(journal)).run()


class _Verification:
    def __init__(self, engine: Engine, key: PublicKey, heads_file: Path, journal: str) -> None:
        self._engine = engine
        self._key = key
        self._journal = journal
        self._findings: list[Finding] = []
        self._faults = 0
        self._count = self._last = self._signed = self._erased = 0
        self._hash = genesis(journal)
        self._linked = True
        """The fact before was read and is the one that the next must follow."""
        self._clean_since = 0
        """Sequence after which nothing was found yet: the last good head, or the last fault."""
        self._gone = Marks()
        """Facts whose personal data are gone, until a fact says why."""
        self._filed = FiledHeads(heads_file, self._found, self._is_signed)

    def run(self) -> Report:
        start = LOWEST
        while True:
            try:
                with snapshot(self._engine) as connection:
                    page = read_page(connection, start)
                    back = _personal_back(connection, page)
            except SQLAlchemyError as error:
                self._found(self._last + 1, Fault.UNREADABLE, str(error).partition("\n")[0])
                break
            self._check(page)
            for sequence in back:
                self._found(sequence, Fault.PERSONAL_BACK, "its personal data were erased, and are there again")
            if page.upper == HIGHEST:
                self._filed.end()
                self._check_end(page.end)
                break
            start = page.upper + 1
        for sequence in self._gone:
            self._found(sequence, Fault.PERSONAL_MISSING, "its personal data are gone, and no fact says so")
        findings = tuple(sorted(self._findings, key=_order))
        return Report(self._count, self._last, self._signed, self._erased, self._faults, findings)

    def _check(self, page: Page) -> None:
        stored = {
            number: SignedHead(number, _text(row.text), _text(row.signature)) for number, row in page.heads.items()
        }
        filed = {each.sequence: each for each in self._filed.until(page.upper, stored)}
        for sequence, signed in stored.items():
            if signed != filed.get(sequence) and not self._is_signed(signed):
                self._found(sequence, Fault.HEAD_EDITED, "this signed head was not signed by this journal's key")
        for row in page.facts:
            self._check_fact(row, page)
            for heads in (stored, filed):
                head = heads.pop(row.sequence, None)
                if head and self._is_signed(head):
                    self._check_head(head, row.hash)
        for sequence in sorted(stored.keys() | filed.keys()):
            self._check_lost(sequence)
        there = {row.sequence for row in page.facts}
        for sequence in sorted((page.personal.keys() | page.subjects.keys()) - there):
            self._found(sequence, Fault.INSERTED, "there are data of a fact that isn't there")

    def _check_fact(self, row: Any, page: Page) -> None:
        sequence = row.sequence
        if sequence < 1:
            self._found(sequence, Fault.INSERTED, "the first fact is 1")
            return
        if sequence > self._last + 1:
            self._found(self._last + 1, Fault.REMOVED, "nothing stands there", sequence - 1)
            self._linked = False
        fact, trouble = _read(row, page)
        if trouble:
            self._found(sequence, *trouble)
        elif self._linked and row.previous != self._hash:
            # This fact is as it was, and it followed another one than stands before it now.
            text = "the fact after it followed another one" if sequence > 1 else "it begins another journal"
            self._found(max(1, sequence - 1), Fault.EDITED, text)
        if fact:
            self._check_personal(fact, page.personal.get(sequence))
        self._count += 1
        self._last, self._hash, self._linked = sequence, row.hash, trouble is None

    def _check_personal(self, fact: Fact, row: Any) -> None:
        if fact.digest is not None and row is None:
            self._gone.add(fact.sequence)
        elif row is not None and not _is_recorded(row, fact.digest):
            self._found(fact.sequence, Fault.PERSONAL_EDITED, "its personal data are not those that were recorded")
        if fact.type == Own.PERSONAL_ERASED:
            for sequence in _erased(fact):
                if sequence in self._gone:
                    self._gone.discard(sequence)
                    self._erased += 1

    def _check_head(self, signed: SignedHead, hash: str) -> None:
        sealed = Head.from_text(signed.text).hash == hash
        if not sealed and self._clean_since < signed.sequence:
            text = "they are whole in themselves, but not what was signed"
            self._found(self._clean_since + 1, Fault.REWRITTEN, text, signed.sequence)
        if sealed:
            self._signed = max(self._signed, signed.sequence)
        self._clean_since = max(self._clean_since, signed.sequence)

    def _check_lost(self, sequence: int) -> None:
        """A head without its fact."""
        if sequence > self._last:
            text = f"a head was signed for fact {sequence}, but the journal ends at {self._last}"
            self._found(self._last + 1, Fault.TRUNCATED, text, sequence)
        else:
            self._found(sequence, Fault.REMOVED, "a head was signed for this fact, and it isn't there")

    def _check_end(self, end: Any) -> None:
        if end is None:
            self._found(self._last, Fault.HEAD_EDITED, "the row that says where the journal ends is gone")
        elif end.sequence > self._last:
            self._found(
                self._last + 1, Fault.TRUNCATED, f"the journal says that it ends at {end.sequence}", end.sequence
            )
        elif (end.journal, end.sequence, end.hash) != (self._journal, self._last, self._hash):
            self._found(self._last, Fault.HEAD_EDITED, "the row that says where the journal ends is not what it was")

    def _is_signed(self, signed: SignedHead) -> bool:
        """Whether this is a head of this journal, signed by its key, in its place."""
        try:
            head = Head.from_text(signed.text)
            ours = (head.journal, head.key, head.sequence) == (self._journal, self._key.name, signed.sequence)
            return ours and self._key.verifies(signed.text, signed.signature)
        except (BadFact, UnicodeEncodeError):
            return False

    def _found(self, sequence: int, fault: Fault, text: str, until: int | None = None) -> None:
        self._faults += 1
        self._clean_since = max(self._clean_since, sequence)
        self._findings.append(Finding(sequence, max(sequence, until or sequence), fault, text))
        if len(self._findings) > MOST_FINDINGS:
            self._findings.remove(max(self._findings, key=_order))


def _read(row: Any, page: Page) -> tuple[Fact | None, tuple[Fault, str] | None]:
    """A fact, and what is wrong with it by itself; the fact is None unless its hash is right."""
    try:
        fact = Fact.read(row.text, None, row.previous, row.hash)
        if link(row.previous, row.text) != row.hash:
            return None, (Fault.EDITED, "its text, or what it follows, is not what was hashed")
    except (BadFact, UnicodeEncodeError, TypeError):
        return None, (Fault.EDITED, "its text is none that a journal writes")
    about = page.subjects.get(row.sequence, [])
    if fact.sequence != row.sequence:
        return None, (Fault.REORDERED, f"in its place stands fact {fact.sequence}")
    if (row.id, row.type, row.time) != (fact.id, fact.type, to_text(fact.time)):
        return fact, (Fault.EDITED, "what it is found by is not what it says")
    if len(about) != len(fact.subjects) or set(about) != set(fact.subjects.items()):
        return fact, (Fault.EDITED, "the subjects that it is found by are not those that it names")
    return fact, None


def _personal_back(connection: Connection, page: Page) -> list[int]:
    """Those that the erasing facts of a page name and that have personal data all the same."""
    named: set[int] = set()
    for row in page.facts:
        fact, _ = _read(row, page) if row.type == Own.PERSONAL_ERASED else (None, None)
        named.update(_erased(fact) if fact else ())
    if not named:
        return []
    found: list[int] = []
    ordered = sorted(named)
    for start in range(0, len(ordered), MOST_ERASED):
        query = select(personal.c.sequence).where(personal.c.sequence.in_(ordered[start : start + MOST_ERASED]))
        found += connection.scalars(query.order_by(personal.c.sequence))
    return found


def _erased(fact: Fact) -> list[int]:
    """The sequences that an erasing fact names."""
    return [each for each in fact.body.get("sequences", ()) if isinstance(each, int) and 0 < each < fact.sequence]


def _is_recorded(row: Any, digest: str | None) -> bool:
    try:
        return personal_digest(_text(row.salt), _text(row.text)) == digest
    except UnicodeEncodeError:
        return False


def _text(value: object) -> str:
    """What a column holds; nothing of ours if it is no text."""
    return value if isinstance(value, str) else ""


def _order(finding: Finding) -> tuple[int, int]:
    return finding.sequence, _RANKS[finding.fault]
