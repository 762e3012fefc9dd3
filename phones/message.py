"""SIP messages as the telephones make and read them, on top of the sipmessage codec. Pure.

sipmessage reads and prints; here is what it leaves open: the headers that every message must have are checked once, at
the door, so that nothing behind it needs to guard against a damaged one.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from sipmessage import URI, Address, CSeq, Message, Request, Response, Via

from phones.errors import DamagedMessage

MAX_DATAGRAM = 65535

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, NOTIFY, UPDATE, MESSAGE, REFER"
AGENT = "Liandong trial telephone"

PHRASES: Mapping[int, str] = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    420: "Bad Extension",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    503: "Service Unavailable",
    600: "Busy Everywhere",
    603: "Decline",
}

_BRANCH = "z9hG4bK"  # RFC 3261 section 8.1.1.7: the mark of a branch that is unique
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f]")
_ONE_LINE = re.compile(r"[^\r\n\0]*")


@dataclass(frozen=True)
class Envelope:
    """The headers that every message has, read once."""

    call_id: str
    cseq: CSeq
    sender: Address
    receiver: Address
    via: Via

    @property
    def branch(self) -> str:
        """The transaction's name; old senders without one get none."""
        return self.via.parameters.get("branch") or ""

    @property
    def from_tag(self) -> str:
        """The From tag, or nothing."""
        return self.sender.parameters.get("tag") or ""

    @property
    def to_tag(self) -> str:
        """The To tag, or nothing."""
        return self.receiver.parameters.get("tag") or ""


@dataclass(frozen=True)
class Received:
    """A message with its envelope."""

    message: Request | Response
    envelope: Envelope


def read(data: bytes) -> Received:
    """Read a datagram. Raises `DamagedMessage` for whatever is not a whole SIP message."""
    try:
        if _CONTROL.search(data.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"")):
            raise DamagedMessage("a control character in a header")
        message = Message.parse(data)
        vias = message.via
        envelope = Envelope(message.call_id, message.cseq, message.from_address, message.to_address, vias[0])
        length = message.content_length
        if length is not None:
            if not 0 <= length <= len(message.body):
                raise DamagedMessage("the body is cut")
            message.body = message.body[:length]
        if isinstance(message, Request) and envelope.cseq.method != message.method:
            raise DamagedMessage("CSeq names another method")
        if not envelope.branch:
            raise DamagedMessage("no branch")
        if isinstance(message, Response) and not 100 <= message.code <= 699:
            raise DamagedMessage("no such status")
    except (ValueError, KeyError, IndexError, AssertionError) as fault:
        raise DamagedMessage(f"not a SIP message: {fault}") from fault
    return Received(message, envelope)


def token() -> str:
    """Return a random text for tags, branches and names of calls."""
    return secrets.token_hex(8)


def branch() -> str:
    """Return the name of a new transaction."""
    return _BRANCH + token()


def put(message: Request | Response, name: str, value: str) -> None:
    """Set a header. Raises `ValueError` when the value would begin another line."""
    if not _ONE_LINE.fullmatch(value):
        raise ValueError(f"header {name} cannot hold a line break")
    message.headers.set(name, value)


def finish(message: Request | Response, content_type: str | None = None, body: bytes = b"") -> None:
    """Give a message its body and the length that belongs to it."""
    message.body = body
    if body and content_type:
        put(message, "Content-Type", content_type)
    put(message, "Content-Length", str(len(body)))


def response_to(request: Request, status: int, to_tag: str, source: tuple[str, int]) -> Response:
    """Return a response with the headers that RFC 3261 section 8.2.6 copies; `source` sent the request."""
    response = Response(status, PHRASES.get(status, "Status"))
    vias = request.via
    top = vias[0].parameters
    if "rport" in top:  # RFC 3581
        top = top.replace(rport=str(source[1]))
    vias[0] = Via(vias[0].transport, vias[0].host, vias[0].port, top.replace(received=source[0]))
    response.headers.setlist("Via", [str(via) for via in vias])
    for name in ("Record-Route", "From", "To", "Call-ID", "CSeq"):
        values = request.headers.getlist(name)
        if values:
            response.headers.setlist(name, list(values))
    if status > 100 and not request.to_address.parameters.get("tag"):
        response.headers.set("To", f"{request.headers['To']};tag={to_tag}")
    put(response, "User-Agent", AGENT)
    put(response, "Content-Length", "0")
    return response


def ack_of_refusal(invite: Request, refusal: Response) -> Request:
    """Return the ACK of a non-2xx response, which belongs to the INVITE's own transaction (section 17.1.1.3)."""
    ack = _same_transaction(invite, "ACK")
    ack.headers.set("To", refusal.headers["To"])
    return ack


def cancel_of(invite: Request) -> Request:
    """Return the CANCEL of an INVITE (section 9.1)."""
    return _same_transaction(invite, "CANCEL")


def _same_transaction(invite: Request, method: str) -> Request:
    request = Request(method, invite.uri)
    request.headers.set("Via", invite.headers["Via"])
    for name in ("Max-Forwards", "From", "To", "Call-ID"):
        request.headers.set(name, invite.headers[name])
    routes = invite.headers.getlist("Route")
    if routes:
        request.headers.setlist("Route", list(routes))
    request.cseq = CSeq(invite.cseq.sequence, method)
    put(request, "Content-Length", "0")
    return request


def part_of(message: Request | Response, content_type: str) -> bytes | None:
    """Return the body of this type, also from inside a multipart one (RFC 5621), or None."""
    declared = (message.headers.get("Content-Type") or "").strip()
    kind = declared.split(";")[0].strip().lower()
    if kind == content_type:
        return message.body
    boundary = re.search(r'boundary="?([^";]+)"?', declared)
    if not kind.startswith("multipart/") or boundary is None:
        return None
    for part in message.body.split(b"--" + boundary[1].encode())[1:]:
        head, _, body = part.lstrip(b"\r\n").partition(b"\r\n\r\n")
        if re.search(rb"(?im)^content-type:\s*" + re.escape(content_type.encode()), head):
            return body.removesuffix(b"\r\n")
    return None


@dataclass(frozen=True)
class Enclosure:
    """A further part of an INVITE's body, like a PIDF-LO beside the session description."""

    content_type: str
    body: bytes
    content_id: str | None = None


def enclose(sdp: bytes, enclosures: tuple[Enclosure, ...]) -> tuple[str, bytes]:
    """Return content type and body of a session description with its enclosures."""
    if not enclosures:
        return "application/sdp", sdp
    boundary = token()
    body = b""
    for one in (Enclosure("application/sdp", sdp), *enclosures):
        identity = f"Content-ID: <{one.content_id}>\r\n" if one.content_id else ""
        head = f"--{boundary}\r\nContent-Type: {one.content_type}\r\n{identity}\r\n"
        body += head.encode() + one.body + b"\r\n"
    return f'multipart/mixed;boundary="{boundary}"', body + f"--{boundary}--\r\n".encode()


def address_of(uri: URI) -> tuple[str, int] | None:
    """Return where a URI's host is, or None when it is a name and not a number."""
    if not is_address(uri.host) or not 0 < (uri.port or 5060) < 65536:
        return None
    return uri.host, uri.port or 5060


def is_address(host: str) -> bool:
    """Whether it is an IPv4 address: a name is never looked up, as that would stop the event loop."""
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True
