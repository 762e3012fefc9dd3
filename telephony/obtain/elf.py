"""What a program or library asks its loader for, and what it offers others.

Read from the file itself (System V ABI, "Dynamic Linking" and "Symbol Table"), so that packages for another processor
can be checked as well, without running anything. Only what Debian's amd64 and arm64 have is read: 64 bit,
little-endian, with section headers. Symbol versions are not read.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

_SHT_DYNAMIC = 6
_SHT_DYNSYM = 11
_DT_NEEDED = 1
_SHN_UNDEF = 0
_STB_WEAK = 2


@dataclass(frozen=True)
class Image:
    """The dynamic part of one ELF file."""

    needed: tuple[str, ...]
    """Sonames of the libraries that it links (DT_NEEDED), in the file's order."""
    defined: frozenset[str]
    """Symbols that it offers."""
    undefined: frozenset[str]
    """Symbols without which it does not load; those it can do without (weak ones) are not among them."""


def read(path: Path) -> Image:
    """Read one file.

    Raises ValueError when it is no whole 64-bit little-endian ELF file, OSError when it cannot be read.
    """
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError(f"{path}: not a 64-bit little-endian ELF file")
    try:
        return _image(data)
    except (struct.error, ValueError, IndexError) as error:
        raise ValueError(f"{path}: cut short or damaged ({error})") from error


def _image(data: bytes) -> Image:
    table, entry_size, entries = struct.unpack_from("<40xQ10xHH", data)  # e_shoff, e_shentsize, e_shnum
    sections = [
        # sh_type, sh_offset, sh_size, sh_link
        struct.unpack_from("<4xI16xQQI", data, table + number * entry_size)
        for number in range(entries)
    ]
    needed: list[str] = []
    defined: set[str] = set()
    undefined: set[str] = set()
    for kind, offset, size, link in sections:
        if kind not in (_SHT_DYNAMIC, _SHT_DYNSYM):
            continue
        content = data[offset : offset + size]
        strings = sections[link][1]
        if kind == _SHT_DYNAMIC:
            tags = struct.iter_unpack("<qQ", content)
            needed += [_text(data, strings + value) for tag, value in tags if tag == _DT_NEEDED]
            continue
        for name, info, section in struct.iter_unpack("<IBxH16x", content):
            if section != _SHN_UNDEF:
                defined.add(_text(data, strings + name))
            elif name and info >> 4 != _STB_WEAK:
                undefined.add(_text(data, strings + name))
    return Image(tuple(needed), frozenset(defined), frozenset(undefined))


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode("ascii")
