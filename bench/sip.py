"""As much SIP (RFC 3261) as a load needs: fast, over UDP, against a server that is known to speak it well.

The trial telephones (`phones`) are right about every corner of the protocol, and that takes time; ringing thirty
seats twenty times a second is 4,000 messages a second. Here a message is cut at its line ends and no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"sips?:([^@>;]+)@")
_AUDIO = re.compile(r"^m=audio (\d+)", re.MULTILINE)
_ADDRESS = re.compile(r"^c=IN IP4 (\S+)", re.MULTILINE)
_SHORT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length"}


@dataclass(frozen=True)
class Message:
    """A request (`method` and `uri` are set) or a response (`code` is)."""

    method: str
    uri: str
    code: int
    headers: dict[str, list[str]]
    """By name in small letters."""
    body: str

    @property
    def call(self) -> str:
        """The Call-ID."""
        return self.headers["call-id"][0]

    @property
    def answers(self) -> str:
        """The method of the request that a response answers."""
        return self.headers["cseq"][0].split()[1]

    @property
    def user(self) -> str:
        """Whom a request is for."""
        return _user(self.uri)

    @property
    def caller(self) -> str:
        """The number of who sent a request."""
        return _user(self.headers["from"][0])

    @property
    def contact(self) -> str:
        """The URI at which the sender wants further requests."""
        return self.headers["contact"][0].partition("<")[2].partition(">")[0]

    @property
    def audio(self) -> tuple[str, int] | None:
        """Where the sender listens for RTP; None without SDP."""
        address, port = _ADDRESS.search(self.body), _AUDIO.search(self.body)
        return (address[1], int(port[1])) if address and port else None


def parse(data: bytes) -> Message:
    """Read a message. Raises ValueError (or KeyError, later) for what no server should send."""
    head, _, body = data.decode("latin-1").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        headers.setdefault(_SHORT.get(name, name), []).append(value.strip())
    a, b, _ = first.split(" ", 2)
    if a == "SIP/2.0":
        return Message("", "", int(b), headers, body)
    return Message(a, b, 0, headers, body)


def request(
    method: str,
    uri: str,
    *,
    via: str,
    sender: str,
    to: str,
    call: str,
    number: int,
    contact: str,
    more: tuple[str, ...] = (),
    body: str = "",
) -> bytes:
    """A request; `via` is host, port and branch, `sender` and `to` are whole header values."""
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP {via}",
        "Max-Forwards: 70",
        f"From: {sender}",
        f"To: {to}",
        f"Call-ID: {call}",
        f"CSeq: {number} {method}",
        f"Contact: <{contact}>",
        *more,
    ]
    return _whole(lines, body)


def response(to: Message, status: str, *, tag: str, contact: str, body: str = "") -> bytes:
    """A response such as `180 Ringing`; `tag` is put at To where it has none."""
    receiver = to.headers["to"][0]
    if ";tag=" not in receiver:
        receiver += f";tag={tag}"
    lines = [
        f"SIP/2.0 {status}",
        *(f"Via: {via}" for via in to.headers["via"]),
        f"From: {to.headers['from'][0]}",
        f"To: {receiver}",
        f"Call-ID: {to.call}",
        f"CSeq: {to.headers['cseq'][0]}",
        f"Contact: <{contact}>",
    ]
    return _whole(lines, body)


def sdp(address: str, port: int) -> str:
    """One audio stream, A-law and keys, both ways (RFC 4566)."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        "a=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
    )


def _user(text: str) -> str:
    found = _NUMBER.search(text)
    return found[1] if found else ""


def _whole(lines: list[str], body: str) -> bytes:
    if body:
        lines.append("Content-Type: application/sdp")
    return ("\r\n".join([*lines, f"Content-Length: {len(body)}"]) + "\r\n\r\n" + body).encode("latin-1")
