"""Which shared libraries a program or library asks its loader for.

Read from the file itself (System V ABI, "Dynamic Linking": DT_NEEDED), so that packages for another processor can be
checked as well, without running anything. Only what Debian's amd64 and arm64 have is read: 64 bit, little-endian.
"""

import struct
from pathlib import Path

_PT_LOAD = 1
_PT_DYNAMIC = 2
_DT_NEEDED = 1
_DT_STRTAB = 5


def needed(path: Path) -> tuple[str, ...]:
    """Return the sonames that the file needs, in the file's order; none for a static one.

    Raises ValueError when the file is no 64-bit little-endian ELF file.
    """
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError(f"{path}: not a 64-bit little-endian ELF file")
    try:
        return _needed(data)
    except (struct.error, ValueError) as error:
        raise ValueError(f"{path}: cut short or damaged ({error})") from error


def _needed(data: bytes) -> tuple[str, ...]:
    table, entry_size, entries = struct.unpack_from("<32xQ14xHH", data)  # e_phoff, e_phentsize, e_phnum
    loads: list[tuple[int, int, int]] = []  # virtual address, file offset, bytes in the file
    dynamic = (0, 0)
    for number in range(entries):
        kind, offset, address, size = struct.unpack_from("<I4xQQ8xQ", data, table + number * entry_size)
        if kind == _PT_LOAD:
            loads.append((address, offset, size))
        elif kind == _PT_DYNAMIC:
            dynamic = (offset, size)
    tags = [struct.unpack_from("<qQ", data, dynamic[0] + at) for at in range(0, dynamic[1], 16)]
    strings = next((value for tag, value in tags if tag == _DT_STRTAB), 0)
    start = next((o + strings - a for a, o, size in loads if a <= strings < a + size), 0)
    names = (start + value for tag, value in tags if tag == _DT_NEEDED)
    return tuple(data[at : data.index(b"\0", at)].decode("ascii") for at in names)
