"""Which process holds a port, as far as Linux tells: from /proc/net and the sockets in /proc/PID/fd.

Only root sees everybody's sockets; others see their own. Nothing here raises: it only decorates an error.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
_LISTENING = {"tcp": "0A", "udp": "07"}
"""Column `st` of a socket that waits: TCP_LISTEN, and what UDP shows when it is not connected (Linux tcp_states.h)."""


def holder(protocol: str, bind: str, port: int) -> str | None:
    """`asterisk (process 1234)` if it can be told who holds the port on this address, else None."""
    inodes = set(_inodes(protocol.lower(), ipaddress.ip_address(bind), port))
    links = {f"socket:[{inode}]" for inode in inodes}
    for process in _PROC.glob("[0-9]*") if links else ():
        try:
            if any(str(descriptor.readlink()) in links for descriptor in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
        except OSError:
            continue  # ended meanwhile, or not ours to see
    return None


def _inodes(protocol: str, bind: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> Iterator[str]:
    """Inodes of the sockets that wait on this port, on this address or on all."""
    for table in (protocol, f"{protocol}6"):
        try:
            lines = (_PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            address, _, local_port = columns[1].partition(":")
            if int(local_port, 16) != port or columns[3] != _LISTENING[protocol]:
                continue
            found = _address(address)
            if found == bind or found.is_unspecified or bind.is_unspecified:
                yield columns[9]


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address of /proc/net: 32-bit words in hexadecimal, each in the machine's byte order."""
    words = [int(text[i : i + 8], 16).to_bytes(4, sys.byteorder) for i in range(0, len(text), 8)]
    return ipaddress.ip_address(b"".join(words))
