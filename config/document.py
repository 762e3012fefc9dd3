"""One YAML file as a tree of nodes, each with its line and column.

YAML is read as a small, surprise-free subset, because a wrong telephone number costs lives and YAML 1.1
would read `0110` as 72, `12:30` as 750 and `no` as false:

- plain `true`, `false`, `null`, `~`, nothing, `12`, `-3` and `1.5` are what they look like; every other
  scalar, and every quoted one, is text exactly as written (`0110`, `+86`, `010-1234`, `12:30`, `no`, `1e3`, `0x1f`);
- a key is its text, whatever it looks like, and stands once in its mapping;
- anchors, aliases, tags, directives and further documents are refused: nothing here needs them, and an
  alias can make a short file endless.

The events come from PyYAML's own scanner and parser (in Python on purpose: one wording of errors on every
machine); the tree is built here without recursion.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml
from yaml import events
from yaml.error import Mark, MarkedYAMLError, YAMLError

from config.node import Entry, Node, Scalar, Sequence, Table, resolved
from config.problem import Problem, Refused, Step, one_line, path_text

MAX_BYTES = 1024 * 1024
"""Longest file, 1 MiB: a hundred times a large centre's, and read in some seconds."""
MAX_DEPTH = 32
"""Deepest nesting; schemas are some six levels deep, and every later walk stays well within the stack."""

# PyYAML counts NEL, LS, PS and a lone CR as line ends and a BOM as no column; editors don't, and nobody sees
# any of them. Refusing them keeps our line and column the editor's.
_BAD_CHARACTER = re.compile(
    "[^\t\n\r -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|\r(?!\n)"
)
# Escapes in double quotes can still make these; a NUL or a carriage return has no place in a setting.
_BAD_IN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

# What PyYAML was doing when the end of the trouble says nothing and its beginning everything.
_BLAME_THE_START = ("while scanning a simple key", "while scanning a quoted scalar")

_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


@dataclass(frozen=True, slots=True)
class Document:
    """One file: its keys and values, or None when it cannot be read on, and what was wrong with it.

    An empty file, or one of comments only, is a table without entries.
    """

    root: Table | None
    problems: tuple[Problem, ...] = ()


def read(data: bytes, file: str) -> Document:
    """Read the bytes of one YAML file; never raises, whatever the bytes are."""
    builder = _Builder(file)
    try:
        text = _decoded(data)
        _parse(text, builder)
        return Document(builder.root(), tuple(builder.problems))
    except _Stop as stop:
        return Document(None, (*builder.problems, stop.problem(file)))


def _parse(text: str, builder: _Builder) -> None:
    loader = yaml.SafeLoader(text)
    try:
        while loader.check_event():
            event: events.Event = loader.get_event()  # type: ignore[no-untyped-call]
            builder.take(event)
    except YAMLError as error:
        raise _syntax(error, loader, text) from error
    except _Stop:
        raise
    except (ValueError, OverflowError) as error:
        # PyYAML passes an impossible escape (`"\UFFFFFFFF"`) or version straight to chr() or int().
        message = "not readable as YAML: an escape or number that cannot be"
        raise _Stop(loader.line + 1, loader.column + 1, "syntax", message) from error
    finally:
        loader.dispose()


class _Stop(Refused):
    """Reading cannot go on, at this line and column."""

    def __init__(self, line: int, column: int, code: str, message: str, path: tuple[Step, ...] = ()) -> None:
        super().__init__(code, message, path=path)
        self.line = line
        self.column = column

    def problem(self, file: str) -> Problem:
        return Problem(file, self.line, self.column, path_text(self.path), self.message, self.code)


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _Stop(0, 0, "too_big", f"the file is too big; at most {MAX_BYTES} bytes are read")
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            raise _Stop(1, 1, "encoding", f"the file is {name}; save it as UTF-8")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _place(data[: error.start].decode("utf-8"))
        message = f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise _Stop(line, column, "encoding", message) from None
    bad = _BAD_CHARACTER.search(text)
    if bad:
        line, column = _place(text[: bad.start()])
        raise _Stop(line, column, "character", f"character U+{ord(bad.group()):04X} is not allowed")
    return text


def _place(before: str) -> tuple[int, int]:
    """Line and column of what comes after this text."""
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _syntax(error: YAMLError, loader: yaml.SafeLoader, text: str) -> _Stop:
    mark: Mark | None = None
    message = str(error)
    if isinstance(error, MarkedYAMLError):
        mark, context = error.problem_mark or error.context_mark, error.context_mark
        message = error.problem or error.context or message
        if error.problem and error.context and context:
            message += f" ({error.context} that starts on line {context.line + 1})"
            if error.context in _BLAME_THE_START:
                mark = context
    line, column = (mark.line, mark.column) if mark else (loader.line, loader.column)
    lines = text.split("\n")
    if lines[line][column : column + 1] == "\t":
        return _Stop(line + 1, column + 1, "tab", "a tab stands here; YAML is indented with spaces only")
    # A colon that YAML doesn't see makes the trouble on this line or on the next.
    hint = full_width("".join(lines[max(0, line - 1) : line + 1]))
    return _Stop(line + 1, column + 1, "syntax", one_line(f"not readable as YAML: {message}{hint}"))


def full_width(source: str) -> str:
    """A hint, when a Chinese input method may have typed what looks like YAML's own signs; else empty."""
    found = next((sign for sign in "：－，｛［　" if sign in source), "")
    return f"; the full-width sign {found!r} is text, not YAML's own" if found else ""


def _mark(event: events.Event) -> tuple[int, int]:
    mark = event.start_mark
    assert mark is not None  # the parser marks every event
    return mark.line + 1, mark.column + 1


class _Open:
    """A list or mapping that is being read."""

    def __init__(self, node: Sequence | Table) -> None:
        self.node = node
        self.key: Scalar | None = None

    def step(self) -> tuple[Step, ...]:
        """Where the reading stands in it: the item or the key; empty between two keys."""
        if isinstance(self.node, Sequence):
            return (len(self.node.items),)
        return (self.key.text,) if self.key else ()


class _Builder:
    """Takes parser events, makes nodes. Depth is the length of a list here, never Python's stack."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._open: list[_Open] = []
        self._root: Node | None = None

    def root(self) -> Table | None:
        """The finished tree; None when what was refused in it would make the schema's complaints wrong."""
        if any(problem.code != "duplicate_key" for problem in self.problems):
            return None
        root = self._root
        if root is None or (isinstance(root, Scalar) and root.value is None):
            return Table(1, 1)
        if isinstance(root, Table):
            return root
        hint = full_width(root.text) if isinstance(root, Scalar) else ""
        raise _Stop(root.line, root.column, "wrong_type", f"a file holds keys and values, not {root.shown()}{hint}")

    def take(self, event: events.Event) -> None:
        """Take the parser's next event."""
        match event:
            case events.DocumentStartEvent():
                self._start_document(event)
            case events.AliasEvent():
                message = f"aliases (*{str(event.anchor)[:40]}) are not used here; write the value again"
                raise self._stop(event, "alias", message)
            case events.ScalarEvent():
                self._plain_only(event)
                self._scalar(event)
            case events.SequenceStartEvent() | events.MappingStartEvent():
                self._plain_only(event)
                self._start(event)
            case events.SequenceEndEvent() | events.MappingEndEvent():
                self._add(self._open.pop().node)

    def _start_document(self, event: events.DocumentStartEvent) -> None:
        if event.version or event.tags:
            raise self._stop(event, "directive", "directives (%YAML, %TAG) are not used here")
        if self._root is not None:
            raise self._stop(event, "documents", "a second document begins here; a file holds one")

    def _plain_only(self, event: events.ScalarEvent | events.CollectionStartEvent) -> None:
        if event.anchor is not None:
            self._note(event, "anchor", f"anchors (&{event.anchor[:40]}) are not used here")
        if event.tag is not None:
            self._note(event, "tag", f"tags ({event.tag[:40]}) are not used here")

    def _scalar(self, event: events.ScalarEvent) -> None:
        line, column = _mark(event)
        bad = _BAD_IN_TEXT.search(event.value)
        if bad:
            self._note(event, "character", f"character U+{ord(bad.group()):04X} is not allowed in text")
        is_quoted = event.style is not None
        value = event.value if is_quoted else resolved(event.value)
        self._add(Scalar(line, column, value, event.value))

    def _start(self, event: events.CollectionStartEvent) -> None:
        if len(self._open) == MAX_DEPTH:
            raise _Stop(*_mark(event), "too_deep", f"nested more than {MAX_DEPTH} levels deep")
        if self._open and isinstance(self._open[-1].node, Table) and self._open[-1].key is None:
            raise self._stop(event, "bad_key", "a key is one word, not a list or a mapping")
        line, column = _mark(event)
        kind = Sequence if isinstance(event, events.SequenceStartEvent) else Table
        self._open.append(_Open(kind(line, column)))

    def _add(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        into = self._open[-1]
        if isinstance(into.node, Sequence):
            into.node.items.append(node)
        elif into.key is None:
            self._take_key(into, node)
        else:
            # The first one stands; the second has been complained of.
            into.node.entries.setdefault(into.key.text, Entry(into.key.line, into.key.column, node))
            into.key = None

    def _take_key(self, into: _Open, node: Node) -> None:
        assert isinstance(node, Scalar) and isinstance(into.node, Table)  # _start refuses any other key
        if not node.text:
            raise _Stop(node.line, node.column, "bad_key", "a key is missing before the colon", self._path())
        into.key = node
        first = into.node.entries.get(node.text)
        if first:
            message = f"this key stands already on line {first.line}"
            stop = _Stop(node.line, node.column, "duplicate_key", message, self._path())
            self.problems.append(stop.problem(self.file))

    def _path(self) -> tuple[Step, ...]:
        return tuple(step for each in self._open for step in each.step())

    def _stop(self, event: events.Event, code: str, message: str) -> _Stop:
        return _Stop(*_mark(event), code, message, self._path())

    def _note(self, event: events.Event, code: str, message: str) -> None:
        self.problems.append(self._stop(event, code, message).problem(self.file))
