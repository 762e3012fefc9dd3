"""The proof that modules can be loaded, on hand-made libraries."""

from pathlib import Path

import pytest

from telephony.obtain import elf, modules
from telephony.obtain.error import AsteriskIncomplete
from tests.debian_mirror import elf_file


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "asterisk").write_bytes(elf_file(["libc.so.6"], ["ast_log"]))
    (tmp_path / "libc.so.6").write_bytes(elf_file([], ["malloc"]))
    (tmp_path / "app_dial.so").write_bytes(elf_file(["libc.so.6"], ["dial"], ["ast_log", "malloc"]))
    return tmp_path


def missing(root: Path, *names: str) -> list[str]:
    return modules.missing(root / "asterisk", root, root, names)


def test_an_image_tells_what_it_needs_offers_and_uses(tmp_path: Path) -> None:
    (tmp_path / "x.so").write_bytes(elf_file(["liba.so.1", "libb.so.2"], ["given"], ["taken"]))
    image = elf.read(tmp_path / "x.so")
    assert image == elf.Image(("liba.so.1", "libb.so.2"), frozenset({"given"}), frozenset({"taken"}))


def test_the_running_interpreter_is_read_as_the_loader_reads_it() -> None:
    image = elf.read(Path("/proc/self/exe"))
    assert "libc.so.6" in image.needed
    assert any(name.startswith("Py") for name in image.defined | image.undefined)


@pytest.mark.parametrize("length", [0, 5, 40, 63, 64, 80, 150])
def test_a_library_that_is_cut_short_is_refused(tmp_path: Path, length: int) -> None:
    (tmp_path / "x.so").write_bytes(elf_file(["liba.so.1"], ["given"])[:length])
    with pytest.raises(ValueError, match=r"x\.so"):
        elf.read(tmp_path / "x.so")


def test_modules_with_all_they_link_and_use_are_complete(root: Path) -> None:
    assert missing(root, "app_dial") == []


def test_an_absent_module_is_named(root: Path) -> None:
    assert missing(root, "app_dial", "app_queue") == ["app_queue.so"]


def test_an_absent_library_is_named_with_the_one_that_links_it(root: Path) -> None:
    (root / "libc.so.6").write_bytes(elf_file(["libdeep.so.1"], ["malloc"]))
    assert missing(root, "app_dial") == ["libdeep.so.1, linked by libc.so.6"]


def test_a_symbol_of_a_module_that_is_not_taken_is_named(root: Path) -> None:
    (root / "cel_custom.so").write_bytes(elf_file([], [], ["cdrel_logger"]))
    assert missing(root, "cel_custom") == ["the symbol cdrel_logger that cel_custom.so uses"]
    (root / "res_cdrel_custom.so").write_bytes(elf_file([], ["cdrel_logger"]))
    assert missing(root, "cel_custom", "res_cdrel_custom") == []


def test_the_check_raises_with_everything_that_is_missing(root: Path) -> None:
    with pytest.raises(AsteriskIncomplete, match=r"lacks a\.so; b\.so\. Install Asterisk 20") as caught:
        modules.check(root / "asterisk", root, root, ("b", "a"))
    assert caught.value.code == "asterisk-incomplete"
