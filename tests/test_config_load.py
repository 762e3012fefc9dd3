"""Loading a centre: its files, its schemas, and the one list of everything that is wrong."""

import os
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, field_validator

from config.centre import MAX_PROBLEMS, Centre, load, load_many
from config.field import Between, Digits, Host, Ip, Name, Number, Port, Seconds, Wording
from config.part import Part, repeated
from config.problem import ConfigErrors, Problem, Refused
from config.secret import Secret
from config.settings import Settings


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Login(Part):
    kind: Literal["login"]
    user: str
    password: Secret


class Peer(Part):
    kind: Literal["peer"]
    match: tuple[Ip, ...]


class Trunk(Part):
    name: Name
    number: Number = "110"
    pin: Digits | None = None
    ring_s: Annotated[float, Between(1, 60, "s")] = 20.0
    wait_s: Seconds = 0.5
    port: Port = 5060
    host: Host = "127.0.0.1"
    record: bool = True
    colour: Colour = Colour.RED
    entry: Annotated[Login | Peer, Field(discriminator="kind")] | None = None
    codec: int | Literal["auto", "none"] = "auto"
    seats: Annotated[int, Field(ge=1)] = 1
    names: dict[Name, Wording] = Field(default_factory=dict)

    @field_validator("codec")
    @classmethod
    def _even(cls, value: int | str) -> int | str:
        if value == 13:
            raise ValueError("thirteen brings bad luck")
        return value


class Telephony(Part):
    trunks: tuple[Trunk, ...]

    def complaints(self) -> Iterator[Refused]:
        yield from repeated((trunk.name, ("trunks", i, "name")) for i, trunk in enumerate(self.trunks))


class Optional(Part):
    ring_s: Seconds = 5.0


PARTS: dict[str, type[Part]] = {"centre": Settings, "telephony": Telephony, "optional": Optional}
CENTRE = "name: {zh: 联动, en: Liandong}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "centre.yaml").write_text(CENTRE, encoding="utf-8")
    (tmp_path / "telephony.yaml").write_text("trunks:\n  - name: city\n", encoding="utf-8")
    return tmp_path


def problems(folder: Path) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        load(folder, PARTS)
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    assert caught.value.code == "bad_config"
    return [str(problem) for problem in caught.value.problems]


def of_trunk(folder: Path, trunk: str) -> list[str]:
    """The problems of a telephony.yaml with one trunk in flow style."""
    (folder / "telephony.yaml").write_text(f"trunks:\n  - {{name: city, {trunk}}}\n", encoding="utf-8")
    return [line.removeprefix("telephony.yaml:2:") for line in problems(folder)]


def test_a_good_centre_gives_its_parts_by_type(folder: Path) -> None:
    centre = load(folder, PARTS)
    assert centre.folder == folder
    assert centre.part(Settings).name.zh == "联动"
    assert centre.part(Telephony).trunks == (Trunk(name="city"),)
    assert centre.part(Optional).ring_s == 5.0


def test_a_number_without_quotes_stays_the_text_that_was_written(folder: Path) -> None:
    text = "trunks:\n  - {name: a, number: 110, pin: 0110}\n  - {name: b, number: +8610, pin: '0'}\n"
    (folder / "telephony.yaml").write_text(text)
    trunks = load(folder, PARTS).part(Telephony).trunks
    assert [(each.number, each.pin) for each in trunks] == [("110", "0110"), ("+8610", "0")]


def test_lists_become_tuples_words_enums_and_passwords_secrets(folder: Path) -> None:
    text = "trunks:\n  - {name: a, colour: blue, entry: {kind: login, user: u, password: hush}}\n"
    (folder / "telephony.yaml").write_text(text)
    (trunk,) = load(folder, PARTS).part(Telephony).trunks
    assert trunk.colour is Colour.BLUE
    assert isinstance(trunk.entry, Login)
    assert trunk.entry.password.reveal() == "hush"
    assert "hush" not in repr(trunk)
    assert "hush" not in trunk.model_dump_json()


@pytest.mark.parametrize(
    ("trunk", "told"),
    [
        (
            "ring: 5",
            "18: trunks[0].ring: unknown key; allowed: name, number, pin, ring_s, wait_s, port, host, record, "
            'colour, entry, codec, seats, names (did you mean "ring_s"?)',
        ),
        (
            "'a b': {}",
            '18: trunks[0]["a b"]: unknown key; allowed: name, number, pin, ring_s, wait_s, port, host, record, '
            "colour, entry, codec, seats, names",
        ),
        ("number: 010-1234", "26: trunks[0].number: got \"010-1234\"; allowed: 1 to 20 digits, with or without a + "
         'before them (did you mean "0101234"?)'),
        ("number: 1.5", '26: trunks[0].number: got 1.5; allowed: text (did you mean "1.5"?)'),
        ("number: -5", '26: trunks[0].number: got -5; allowed: text (did you mean "-5"?)'),
        ("number: true", '26: trunks[0].number: got true; allowed: text (did you mean "true"?)'),
        ("number: null", "26: trunks[0].number: got nothing; allowed: text"),
        ("number: ", "25: trunks[0].number: got nothing; allowed: text"),
        ("number: [1]", "26: trunks[0].number: got a list; allowed: text"),
        ("pin: +1", '23: trunks[0].pin: got "+1"; allowed: 1 to 20 digits'),
        ("ring_s: 90", "26: trunks[0].ring_s: got 90; allowed: a number from 1 to 60 s"),
        ("ring_s: 0.5", "26: trunks[0].ring_s: got 0.5; allowed: a number from 1 to 60 s"),
        ("ring_s: fast", '26: trunks[0].ring_s: got "fast"; allowed: a number from 1 to 60 s'),
        ("ring_s: '20'", '26: trunks[0].ring_s: got "20"; allowed: a number from 1 to 60 s'),
        ("ring_s: 1e1", '26: trunks[0].ring_s: got "1e1"; allowed: a number from 1 to 60 s'),
        ("wait_s: -1", "26: trunks[0].wait_s: got -1; allowed: a number from 0 to 86400 s"),
        ("port: 65536", "24: trunks[0].port: got 65536; allowed: a whole number from 0 to 65535"),
        ("port: 12:30", '24: trunks[0].port: got "12:30"; allowed: a whole number from 0 to 65535'),
        ("port: 0644", '24: trunks[0].port: got "0644"; allowed: a whole number from 0 to 65535'),
        ("port: 5060.0", "24: trunks[0].port: got 5060.0; allowed: a whole number from 0 to 65535"),
        ("port: true", "24: trunks[0].port: got true; allowed: a whole number from 0 to 65535"),
        ("record: yes", '26: trunks[0].record: got "yes"; allowed: true, false (did you mean true?)'),
        ("record: Off", '26: trunks[0].record: got "Off"; allowed: true, false (did you mean false?)'),
        ("record: 1", "26: trunks[0].record: got 1; allowed: true, false"),
        ("colour: rde", '26: trunks[0].colour: got "rde"; allowed: red, blue (did you mean red?)'),
        ("colour: 7", "26: trunks[0].colour: got 7; allowed: red, blue"),
        ("entry: 7", "25: trunks[0].entry: got 7; allowed: keys and values"),
        ("entry: {}", "25: trunks[0].entry.kind: this key is missing; allowed: login, peer"),
        ("entry: {kind: pear}", "32: trunks[0].entry.kind: got \"pear\"; allowed: login, peer (did you mean peer?)"),
        ("entry: {kind: null}", "32: trunks[0].entry.kind: got nothing; allowed: login, peer"),
        ("entry: {kind: [a]}", "32: trunks[0].entry.kind: got a list; allowed: login, peer"),
        ("entry: {kind: 5}", "32: trunks[0].entry.kind: got 5; allowed: login, peer"),
        ("entry: {kind: peer, match: 1.1.1.1}", '45: trunks[0].entry.match: got "1.1.1.1"; allowed: a list'),
        ("entry: {kind: peer, match: ['::1', 1.1.1]}", '53: trunks[0].entry.match[1]: got "1.1.1"; allowed: an IPv4 or '
         "IPv6 address such as 127.0.0.1"),
        ("entry: {kind: peer, match: [], user: a}", "49: trunks[0].entry.user: unknown key; allowed: kind, match"),
        ("entry: {kind: login, user: a}", "25: trunks[0].entry.password: this key is missing"),
        ("entry: {kind: login, user: a, password: 1234}", "58: trunks[0].entry.password: got a value that is not "
         "shown; allowed: text"),
        ("entry: {kind: login, user: a, password: ''}", "58: trunks[0].entry.password: got a value that is not "
         "shown; allowed: text of at least 1 characters"),
        ("codec: 1.5", "25: trunks[0].codec: got 1.5; allowed: a whole number, auto, none"),
        ("codec: atuo", '25: trunks[0].codec: got "atuo"; allowed: a whole number, auto, none (did you mean auto?)'),
        ("codec: 13", "25: trunks[0].codec: thirteen brings bad luck"),
        ("seats: 0", "25: trunks[0].seats: got 0; allowed: at least 1"),
        ("names: {A: {zh: 一, en: one}}", '26: trunks[0].names.A: got "A" as a key; allowed: up to 40 lower-case '
         "letters, digits and single dashes between them, beginning with a letter"),
        ("names: {a: {zh: 一, en: 1}}", '41: trunks[0].names.a.en: got 1; allowed: text (did you mean "1"?)'),
        ("names: {a: {zh: 一, en: ' '}}", '41: trunks[0].names.a.en: got " "; allowed: one line of text that is not '
         "empty and has no blanks around it"),
        ("names: {a: {zh: 一}}", "29: trunks[0].names.a.en: this key is missing"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_with_its_place_and_what_would_be_right(folder: Path, trunk: str, told: str) -> None:
    assert of_trunk(folder, trunk) == [told]


def test_everything_that_is_wrong_in_all_files_is_told_at_once_in_order(folder: Path) -> None:
    (folder / "centre.yaml").write_text("name: {zh: 一, en: L}\ntime_zone: Asia/Shanghia\n", encoding="utf-8")
    (folder / "telephony.yaml").write_text("trunks:\n  - nane: city\n    port: x\n  - name: b\n    name: 5\n")
    (folder / "telefony.yaml").write_text("")
    (folder / "optional.yaml").write_text("ring_s: [\n")
    allowed = "name, number, pin, ring_s, wait_s, port, host, record, colour, entry, codec, seats, names"
    assert problems(folder) == [
        'centre.yaml:2:12: time_zone: got "Asia/Shanghia"; allowed: an IANA time zone such as Asia/Shanghai '
        "(did you mean Asia/Shanghai?)",
        "optional.yaml:2:1: not readable as YAML: expected the node content, but found '<stream end>' "
        "(while parsing a flow node that starts on line 2)",
        "telefony.yaml: unknown file; allowed: centre.yaml, telephony.yaml, optional.yaml "
        "(did you mean telephony.yaml?)",
        "telephony.yaml:2:5: trunks[0].name: this key is missing",
        f'telephony.yaml:2:5: trunks[0].nane: unknown key; allowed: {allowed} (did you mean "name"?)',
        'telephony.yaml:3:11: trunks[0].port: got "x"; allowed: a whole number from 0 to 65535',
        "telephony.yaml:5:5: trunks[1].name: this key stands already on line 4",
    ]


def test_problems_carry_stable_codes(folder: Path) -> None:
    (folder / "telephony.yaml").write_text("trunks:\n  - nane: city\n    port: x\n    seats: 0\n")
    with pytest.raises(ConfigErrors) as caught:
        load(folder, PARTS)
    codes = [problem.code for problem in caught.value.problems]
    assert codes == ["missing_key", "unknown_key", "wrong_type", "out_of_range"]


def test_a_file_of_another_kind_altogether_does_not_flood_the_screen(folder: Path) -> None:
    (folder / "telephony.yaml").write_text("".join(f"key{n}: 1\n" for n in range(5000)))
    told = problems(folder)
    assert len(told) == MAX_PROBLEMS + 1
    assert told[0] == "telephony.yaml: 4901 more problems are not listed"


def test_names_used_twice_are_told_at_each_repetition(folder: Path) -> None:
    (folder / "telephony.yaml").write_text("trunks: [{name: a}, {name: b}, {name: a}, {name: a}]\n")
    assert problems(folder) == [
        'telephony.yaml:1:39: trunks[2].name: "a" stands already at trunks[0].name',
        'telephony.yaml:1:50: trunks[3].name: "a" stands already at trunks[0].name',
    ]


def test_settings_refuse_a_language_said_twice_and_one_that_is_not_spoken(folder: Path) -> None:
    (folder / "centre.yaml").write_text(CENTRE + "languages: [zh, en, zh]\n", encoding="utf-8")
    assert problems(folder) == ['centre.yaml:2:21: languages[2]: "zh" stands already at languages[0]']
    (folder / "centre.yaml").write_text(CENTRE + "languages: [zh, de, no]\n", encoding="utf-8")
    assert problems(folder) == [
        'centre.yaml:2:17: languages[1]: got "de"; allowed: zh, en',
        'centre.yaml:2:21: languages[2]: got "no"; allowed: zh, en',
    ]
    (folder / "centre.yaml").write_text(CENTRE + "languages: []\n", encoding="utf-8")
    assert problems(folder) == ["centre.yaml:2:12: languages: got a list; allowed: at least 1 of them"]


@pytest.mark.parametrize("zone", ["Asia", "../etc/passwd", "/etc/localtime", "Asia/Shanghai ", "x"])
def test_settings_refuse_what_is_no_time_zone(folder: Path, zone: str) -> None:
    (folder / "centre.yaml").write_text(CENTRE + f"time_zone: '{zone}'\n", encoding="utf-8")
    (told,) = problems(folder)
    assert told.startswith(f'centre.yaml:2:12: time_zone: got "{zone}"; allowed: an IANA time zone such as Asia/Shang')


def test_the_centres_zone_makes_local_times(folder: Path) -> None:
    assert str(load(folder, PARTS).part(Settings).zone) == "Asia/Shanghai"


# What a composer does with several parts


def test_a_check_over_several_parts_tells_the_place_in_the_file(folder: Path) -> None:
    centre = load(folder, PARTS)
    assert str(centre.where(Telephony, "trunks", 0, "name")) == "telephony.yaml:2:11"
    assert str(centre.where(Telephony, "trunks", 0, "port")) == "telephony.yaml:2:5", (
        "a default has no place of its own"
    )
    assert str(centre.where(Optional, "ring_s")) == "optional.yaml"
    refused = Refused("unknown_service", allowed=("a", "b"), nearest="a", path=("trunks", 0, "name"))
    problem = centre.problem(Telephony, refused)
    assert problem.code == "unknown_service"
    assert str(problem) == 'telephony.yaml:2:11: trunks[0].name: got "city"; allowed: a, b (did you mean a?)'


def test_problems_are_listed_once_and_in_the_files_order() -> None:
    late = Problem("a.yaml", 10, 1, "x", "wrong", "c")
    early = Problem("a.yaml", 9, 5, "y", "wrong", "c")
    assert ConfigErrors([late, early, late]).problems == (early, late)


def test_two_parts_cannot_share_one_schema(folder: Path) -> None:
    with pytest.raises(TypeError):
        load(folder, {"a": Optional, "b": Optional})


def test_a_part_cannot_be_changed_once_loaded(folder: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(folder, PARTS).part(Optional).ring_s = 3.0  # type: ignore[misc]


# Files and folders


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path / "no") == [f"{tmp_path}/no: no such folder"]
    (tmp_path / "file").touch()
    assert problems(tmp_path / "file") == [f"{tmp_path}/file: no such folder"]
    assert problems(tmp_path / "\0") == [f"{tmp_path}/\0: embedded null byte"]


def test_an_empty_folder_misses_the_files_that_have_no_defaults(tmp_path: Path) -> None:
    assert problems(tmp_path) == [
        "centre.yaml: the file is missing; its keys: name",
        "telephony.yaml: the file is missing; its keys: trunks",
    ]


@pytest.mark.parametrize("text", ["", "# trunks:\n#   - name: city\n", "{}"])
def test_an_empty_file_is_told_with_the_keys_that_it_needs(folder: Path, text: str) -> None:
    (folder / "telephony.yaml").write_text(text)
    (folder / "optional.yaml").write_text(text)
    assert problems(folder) == ["telephony.yaml: the file is empty; its keys: trunks"]


@pytest.mark.parametrize("name", ["notes.yaml", "centre.yml", "Centre.YAML"])
def test_a_yaml_file_that_nobody_reads_is_refused(folder: Path, name: str) -> None:
    (folder / name).touch()
    (told,) = problems(folder)
    assert told.startswith(f"{name}: unknown file; allowed: centre.yaml, telephony.yaml, optional.yaml")


def test_other_files_folders_and_hidden_files_are_left_alone(folder: Path) -> None:
    (folder / "README.md").touch()
    (folder / ".#centre.yaml").symlink_to("nowhere")
    (folder / "prompts").mkdir()
    assert isinstance(load(folder, PARTS), Centre)


def test_what_cannot_be_opened_as_a_file_is_told(folder: Path) -> None:
    (folder / "centre.yaml").unlink()
    (folder / "centre.yaml").symlink_to("telephony.yaml.old")
    (folder / "telephony.yaml").unlink()
    (folder / "telephony.yaml").symlink_to("telephony.yaml")
    (folder / "optional.yaml").mkdir()
    assert problems(folder) == [
        "centre.yaml: this link leads to nothing",
        "optional.yaml: this is not a file",
        "telephony.yaml: this is a loop of symbolic links",
    ]


def test_a_pipe_in_place_of_a_file_does_not_hang_the_start(folder: Path) -> None:
    (folder / "telephony.yaml").unlink()
    os.mkfifo(folder / "telephony.yaml")
    assert problems(folder) == ["telephony.yaml: this is not a file"]


def test_a_link_to_an_endless_device_is_refused(folder: Path) -> None:
    (folder / "telephony.yaml").unlink()
    (folder / "telephony.yaml").symlink_to("/dev/zero")
    assert problems(folder) == ["telephony.yaml: this is not a file"]


def test_a_file_without_read_permission_is_told() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "centre.yaml").write_text(CENTRE, encoding="utf-8")
        (folder / "telephony.yaml").write_text("trunks: []\n")
        (folder / "telephony.yaml").chmod(0)
        was = os.geteuid()
        if was == 0:
            os.seteuid(65534)  # root may read everything
        try:
            told = problems(folder)
        finally:
            os.seteuid(was)
    assert told == ["telephony.yaml: no permission to read this file"]


def test_a_folder_without_read_permission_is_told() -> None:
    with tempfile.TemporaryDirectory() as name:
        was = os.geteuid()
        Path(name).chmod(0)
        if was == 0:
            os.seteuid(65534)
        try:
            told = problems(Path(name))
        finally:
            os.seteuid(was)
    assert told == [f"{name}: no permission to read this folder"]


# Anything at all

KEY = st.sampled_from(["trunks", "name", "entry", "kind", "names", "a", "port", "number", "login", "peer", "match"])
LEAF = st.sampled_from(["login", "peer", "110", "'110'", "no", "a", "1.5", "true", "", "''", "9" * 30, "auto", "red"])


@settings(deadline=None, max_examples=300)
@given(
    st.recursive(
        LEAF,
        lambda inner: (
            st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
            | st.dictionaries(KEY, inner, max_size=4).map(
                lambda items: "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"
            )
        ),
        max_leaves=12,
    )
)
def test_no_tree_raises_anything_but_its_list_of_problems(value: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "telephony.yaml").write_text(f"trunks: {value}\n")
        try:
            load(folder, {"telephony": Telephony})
        except ConfigErrors as errors:
            assert all(problem.line == 1 for problem in errors.problems)


@st.composite
def trunks(draw: st.DrawFn) -> Trunk:
    """A valid trunk."""
    number = st.from_regex(r"\+?[0-9]{1,20}", fullmatch=True, alphabet=st.characters(codec="ascii"))
    return Trunk(
        name=draw(st.from_regex(r"[a-z](-?[a-z0-9]){0,8}", fullmatch=True, alphabet=st.characters(codec="ascii"))),
        number=draw(number),
        pin=draw(st.none() | number.map(lambda text: text.lstrip("+"))),
        ring_s=draw(st.integers(8, 480)) / 8,
        port=draw(st.integers(0, 65535)),
        record=draw(st.booleans()),
        colour=draw(st.sampled_from(Colour)),
        codec=draw(st.integers(14)) if draw(st.booleans()) else "auto",
        entry=draw(st.none() | st.just(Peer(kind="peer", match=("127.0.0.1", "::1")))),
        names=draw(st.dictionaries(st.sampled_from(["a", "no", "on"]), st.just(Wording(zh="不", en="no")))),
    )


@settings(deadline=None, max_examples=200)
@given(st.lists(trunks(), max_size=4, unique_by=lambda trunk: trunk.name))
def test_a_part_written_as_yaml_loads_as_the_same_part(made: list[Trunk]) -> None:
    part = Telephony(trunks=tuple(made))
    with tempfile.TemporaryDirectory() as name:
        written = yaml.safe_dump(part.model_dump(mode="json"), allow_unicode=True)
        (Path(name) / "telephony.yaml").write_text(written, encoding="utf-8")
        assert load(Path(name), {"telephony": Telephony}).part(Telephony) == part


# --- folders of many files of one kind --------------------------------------------------------------------------------


class Card(Part):
    title: str
    pages: Annotated[int, Between(1, 9)] = 1


def cards(folder: Path, **files: str) -> Path:
    (folder / "cards").mkdir()
    for name, text in files.items():
        (folder / "cards" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_folder_of_many_gives_every_file_of_it_by_its_name(folder: Path) -> None:
    centre = load(cards(folder, b="title: two", a="title: one"), PARTS, {"cards": Card})
    assert centre.parts(Card) == {"cards/a.yaml": Card(title="one"), "cards/b.yaml": Card(title="two")}
    assert str(centre.where(Card, "title", file="cards/b.yaml")) == "cards/b.yaml:1:8"
    told = centre.problem(Card, Refused("dull", "say more", path=("title",)), "cards/a.yaml")
    assert str(told) == "cards/a.yaml:1:8: title: say more"


def test_a_centre_may_do_without_a_folder_of_many(folder: Path) -> None:
    assert load(folder, PARTS, {"cards": Card}).parts(Card) == {}


def test_each_file_of_a_folder_of_many_tells_its_own_lines_beside_those_of_the_centre(folder: Path) -> None:
    (folder / "optional.yaml").write_text("ring_s: -1\n")
    cards(folder, a="title: one\npages: 12\n", b="titel: two\n", c="")
    with pytest.raises(ConfigErrors) as caught:
        load(folder, PARTS, {"cards": Card})
    assert [str(each) for each in caught.value.problems] == [
        "cards/a.yaml:2:8: pages: got 12; allowed: a whole number from 1 to 9",
        'cards/b.yaml:1:1: titel: unknown key; allowed: title, pages (did you mean "title"?)',
        "cards/b.yaml:1:1: title: this key is missing",
        "cards/c.yaml: the file is empty; its keys: title",
        "optional.yaml:1:9: ring_s: got -1; allowed: a number from 0 to 86400 s",
    ]


def test_in_a_folder_of_many_only_yaml_files_are_read_and_none_is_left_out_by_its_name(folder: Path) -> None:
    cards(folder, a="title: one")
    for name in ("README.md", ".draft.yaml", "sub.d"):
        (folder / "cards" / name).write_text("]")
    assert list(load(folder, PARTS, {"cards": Card}).parts(Card)) == ["cards/a.yaml"]
    (folder / "cards" / "b.yml").write_text("title: two")
    (folder / "cards" / "C.YAML").write_text("title: three")
    with pytest.raises(ConfigErrors) as caught:
        load(folder, PARTS, {"cards": Card})
    assert [(each.file, each.code) for each in caught.value.problems] == [
        ("cards/C.YAML", "unknown_file"),
        ("cards/b.yml", "unknown_file"),
    ]


@pytest.mark.parametrize("what", ["a file", "a dead link"])
def test_a_folder_of_many_that_is_none_is_refused(folder: Path, what: str) -> None:
    if what == "a file":
        (folder / "cards").write_text("title: one")
    else:
        (folder / "cards").symlink_to(folder / "gone")
    with pytest.raises(ConfigErrors) as caught:
        load(folder, PARTS, {"cards": Card})
    assert [(each.file, each.code) for each in caught.value.problems] == [("cards", "folder_missing")]


def test_a_folder_of_many_by_itself_is_loaded_as_one_of_a_centre_is(tmp_path: Path) -> None:
    inside = cards(tmp_path, a="title: one") / "cards"
    assert load_many(inside, Card).parts(Card) == {"a.yaml": Card(title="one")}
    (inside / "b.yaml").write_text("title: 3")
    with pytest.raises(ConfigErrors) as caught:
        load_many(inside, Card)
    assert [str(each) for each in caught.value.problems] == [
        'b.yaml:1:8: title: got 3; allowed: text (did you mean "3"?)'
    ]
    with pytest.raises(ConfigErrors):
        load_many(tmp_path / "gone", Card)


def test_a_schema_belongs_to_one_file_or_to_one_folder(folder: Path) -> None:
    with pytest.raises(TypeError):
        load(folder, PARTS, {"cards": Optional})
