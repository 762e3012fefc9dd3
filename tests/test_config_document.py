"""Reading one YAML file: what every piece of text becomes, and what is refused, with its place."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from config import node
from config.document import MAX_BYTES, MAX_DEPTH, read


def values(text: str) -> object:
    read_in = read(text.encode(), "part.yaml")
    assert read_in.problems == ()
    assert read_in.root is not None
    return read_in.root.plain()


def problems(data: str | bytes) -> list[str]:
    read_in = read(data if isinstance(data, bytes) else data.encode(), "part.yaml")
    return [str(problem) for problem in read_in.problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("110", 110),
        ("-3", -3),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("12345678901234567890", 12345678901234567890),
    ],
)
def test_a_plain_word_or_decimal_number_is_what_it_looks_like(written: str, value: object) -> None:
    got = values(f"a: {written}")
    assert got == {"a": value}
    assert type(got["a"]) is type(value)


@pytest.mark.parametrize(
    "written",
    [
        *("no", "NO", "yes", "on", "Off", "y", "True", "NULL"),
        *("0110", "010", "00", "-0", "+86", "+8610", "010-1234", "0o17", "0x1f", "0b1", "1_000"),
        *("12:30", "12:30:45", "1e3", "1.5e3", ".5", "5.", ".inf", ".nan", "-.inf", "9" * 70),
        *("2024-01-31", "2024-01-31 12:30:00", "="),
    ],
)
def test_what_yaml_1_1_would_turn_into_something_else_stays_text(written: str) -> None:
    assert values(f"a: {written}") == {"a": written}
    assert values(f"- {written}".join(("a:\n", ""))) == {"a": [written]}


@pytest.mark.parametrize("written", ["110", "true", "null", "1.5", ""])
def test_quotes_make_text(written: str) -> None:
    assert values(f"a: '{written}'\nb: \"{written}\"") == {"a": written, "b": written}


@pytest.mark.parametrize("key", ["110", "0110", "no", "null", "true", "1.5", "12:30", "接警", "a b"])
def test_a_key_is_its_text(key: str) -> None:
    assert values(f"{key}: 1") == {key: 1}


def test_the_merge_key_is_an_ordinary_key() -> None:
    assert values("<<: {a: 1}") == {"<<": {"a": 1}}


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet\n", "---\n", "null", "{}", "---\n...\n"])
def test_an_empty_file_has_no_keys(text: str) -> None:
    assert values(text) == {}


def test_a_byte_order_mark_of_utf_8_is_skipped_and_costs_no_column() -> None:
    assert values("\ufeffa: 1") == {"a": 1}
    assert problems("\ufeffa: 1\na: 2") == ["part.yaml:2:1: a: this key stands already on line 1"]


def test_lines_of_dos_count_as_one_line_end() -> None:
    read_in = read(b"a: 1\r\nb:\r\n  c: 2\r\n", "part.yaml")
    assert read_in.root is not None
    assert node.find(read_in.root, ("b", "c")) == (3, 6)


def test_every_value_knows_its_line_and_column() -> None:
    text = "名: 联动\nseats:\n  - name: a\n    ports: [1, {x: '2'}]\n  - |\n    long\n    text\n"
    root = read(text.encode(), "part.yaml").root
    assert root is not None
    assert node.find(root, ()) == (1, 1)
    assert node.find(root, ("名",)) == (1, 4)
    assert node.find(root, ("seats", 0, "name")) == (3, 11)
    assert node.find(root, ("seats", 0, "ports", 1, "x")) == (4, 20)
    assert node.find(root, ("seats", 1)) == (5, 5)
    assert node.find(root, ("seats", 0, "ring_s")) == (3, 5), "a default stands where its mapping stands"
    assert node.find(root, ("seats", 7)) == (3, 3)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3\n", "part.yaml:3:1: a: this key stands already on line 1"),
        ("s:\n  - {x: 1, x: 2}\n", "part.yaml:2:12: s[0].x: this key stands already on line 2"),
        ("a: 1\n'a': 2", "part.yaml:2:1: a: this key stands already on line 1"),
        ("110: a\n'110': b", "part.yaml:2:1: 110: this key stands already on line 1"),
        ("a: &x 1", "part.yaml:1:4: a: anchors (&x) are not used here"),
        ("&x a: 1", "part.yaml:1:1: anchors (&x) are not used here"),
        ("a: *x", "part.yaml:1:4: a: aliases (*x) are not used here; write the value again"),
        ("*x : 1", "part.yaml:1:1: aliases (*x) are not used here; write the value again"),
        ("a: !!int '1'", "part.yaml:1:4: a: tags (tag:yaml.org,2002:int) are not used here"),
        (
            "a: !!python/name:os.system x",
            "part.yaml:1:4: a: tags (tag:yaml.org,2002:python/name:os.system) are not used here",
        ),
        ("a: ! x", "part.yaml:1:4: a: tags (!) are not used here"),
        ("%YAML 1.1\n---\na: no", "part.yaml:1:1: directives (%YAML, %TAG) are not used here"),
        ("a: 1\n---\nb: 2", "part.yaml:2:1: a second document begins here; a file holds one"),
        ("- a", "part.yaml:1:1: a file holds keys and values, not a list"),
        ("# c\nword", 'part.yaml:2:1: a file holds keys and values, not "word"'),
        ("12", "part.yaml:1:1: a file holds keys and values, not 12"),
        ("? [a]\n: 1", "part.yaml:1:3: a key is one word, not a list or a mapping"),
        ("x:\n  {a: 1}: 2", "part.yaml:2:3: x: a key is one word, not a list or a mapping"),
        ("x: {'': 2}", "part.yaml:1:5: x: a key is missing before the colon"),
        ("x: {? : 2}", "part.yaml:1:6: x: a key is missing before the colon"),
        ("a:\n\tb: 1", "part.yaml:2:1: a tab stands here; YAML is indented with spaces only"),
        ("a: 1\n \tb: 1", "part.yaml:2:2: a tab stands here; YAML is indented with spaces only"),
        ('a: "\\0"', "part.yaml:1:4: a: character U+0000 is not allowed in text"),
        ('a: "x\\ud800"', "part.yaml:1:4: a: character U+D800 is not allowed in text"),
        ('a: "x\\r\\n"', "part.yaml:1:4: a: character U+000D is not allowed in text"),
        ("a: 1\nb: \x07", "part.yaml:2:4: character U+0007 is not allowed"),
        ("a: 1\rb: 2", "part.yaml:1:5: character U+000D is not allowed"),
        ("a: 1\u2028b: 2", "part.yaml:1:5: character U+2028 is not allowed"),
        ("a: \ufeff", "part.yaml:1:4: character U+FEFF is not allowed"),
        ('a: "\\UFFFFFFFF"', "part.yaml:1:7: not readable as YAML: an escape or number that cannot be"),
        (
            "%YAML 1." + "9" * 5000 + "\n---\na: 1",
            "part.yaml:1:9: not readable as YAML: an escape or number that cannot be",
        ),
        ("a: 1\nb 2\nc: 3", "part.yaml:2:1: not readable as YAML: could not find expected ':' (while scanning…"),
        ("a: 'x\nb: 1", "part.yaml:1:4: not readable as YAML: found unexpected end of stream (while scanning…"),
        ("a: [1\nb: 2", "part.yaml:2:2: not readable as YAML: expected ',' or ']', but got ':' (while parsing…"),
        ("a: b: c", "part.yaml:1:5: not readable as YAML: mapping values are not allowed here"),
        ("a: @x", "part.yaml:1:4: not readable as YAML: found character '@' that cannot start any token"),
        ("a：b", "part.yaml:1:1: a file holds keys and values, not \"a：b\"; the full-width sign '：' is text, …"),
        ("a：b\nc: d", "part.yaml:2:2: not readable as YAML: mapping values are not allowed here; the full-wid…"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place(text: str, told: str) -> None:
    (got,) = problems(text)
    assert got == told or (told.endswith("…") and got.startswith(told[:-1]))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a: 1\nb: \xff\n", "part.yaml:2:4: byte 0xff is not UTF-8; save the file as UTF-8"),
        ("a: 1\n名: 联".encode("gb18030"), "part.yaml:2:1: byte 0xc3 is not UTF-8; save the file as UTF-8"),
        ("a: 1".encode("utf-16"), "part.yaml:1:1: the file is UTF-16; save it as UTF-8"),
        ("\ufeffa: 1".encode("utf-16-be"), "part.yaml:1:1: the file is UTF-16; save it as UTF-8"),
        ("a: 1".encode("utf-32"), "part.yaml:1:1: the file is UTF-32; save it as UTF-8"),
        (b"a: 1\x00", "part.yaml:1:5: character U+0000 is not allowed"),
        (b"#" * (MAX_BYTES + 1), "part.yaml: the file is too big; at most 1048576 bytes are read"),
    ],
)
def test_bytes_that_are_no_utf_8_text_are_told(data: bytes, told: str) -> None:
    assert problems(data) == [told]


def test_all_duplicates_and_anchors_of_a_file_are_told_together() -> None:
    assert problems("a: &x 1\na: 2\nb: !t 3\nc: [") == [
        "part.yaml:1:4: a: anchors (&x) are not used here",
        "part.yaml:2:1: a: this key stands already on line 1",
        "part.yaml:3:4: b: tags (!t) are not used here",
        "part.yaml:4:5: not readable as YAML: expected the node content, but found '<stream end>' "
        "(while parsing a flow node that starts on line 4)",
    ]


@pytest.mark.parametrize("piece", ["[", "- ", "{a: ", "[{a: "])
def test_deep_nesting_is_refused_without_a_deep_stack(piece: str) -> None:
    (got,) = problems("a:\n  " + piece * 5000)
    assert got.endswith(f"nested more than {MAX_DEPTH} levels deep")


def test_nesting_up_to_the_limit_is_read() -> None:
    assert problems("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)) == []
    assert problems("a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH) != []


def test_a_billion_laughs_are_stopped_at_the_first() -> None:
    text = "a: &a [x, x]\n" + "".join(f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True))
    assert problems(text)[-1].endswith("write the value again")
    assert len(problems(text)) == 3, "one anchor, its successor, and the first alias; then reading ends"


YAMLISH = st.lists(
    st.sampled_from(
        [
            *"-:?,[]{}#&*!|>'\"%@`~=< \n\t\\",
            "\n  ",
            "\n    ",
            "- ",
            ": ",
            "a",
            "b",
            "1",
            "0110",
            "no",
            "...",
            "---",
            *(
                "!!int",
                "&x",
                "*x",
                "%YAML 1.1",
                "\\u",
                "\\UFFFFFFFF",
                "\r",
                "\ufeff",
                "\u2028",
                "\0",
                "联",
                "<<",
                '"\\x',
            ),
        ]
    ),
    max_size=40,
).map("".join)


@settings(deadline=None, max_examples=600)
@given(YAMLISH)
def test_no_text_makes_the_reader_raise_and_every_problem_is_one_line_inside_the_file(text: str) -> None:
    read_in = read(text.encode(), "part.yaml")
    lines = text.split("\n")
    for problem in read_in.problems:
        assert "\n" not in str(problem)
        assert 1 <= problem.line <= len(lines) + 1
        assert problem.column >= 1
    assert (read_in.root is not None) or read_in.problems


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60))
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    read_in = read(data, "part.yaml")
    assert (read_in.root is not None) or read_in.problems


TEXT = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufeff\ufffe\uffff", include_characters="\n\t"
    ),
    max_size=20,
)
TREE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(-(10**6), 10**6).map(lambda n: n / 8) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT.filter(bool), inner, max_size=4),
    max_leaves=15,
)


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(TEXT.filter(bool), TREE, max_size=4))
def test_what_another_yaml_writer_wrote_is_read_as_it_was_meant(tree: dict[str, object]) -> None:
    assert values(yaml.dump(tree, Dumper=Dumper, allow_unicode=True, sort_keys=False)) == tree
