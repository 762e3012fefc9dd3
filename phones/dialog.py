"""A SIP dialog (RFC 3261 section 12): who talks to whom, by which names, and the next number. Pure."""

from dataclasses import dataclass, field, replace

from sipmessage import URI, Address, CSeq, Request, Response, Via

from phones.message import AGENT, ALLOW, Envelope, address_of, branch, put


@dataclass
class Dialog:
    """One side's view of a dialog.

    `local` and `remote` are the From and To of what this side sends; `target` is the other side's Contact;
    `routes` stand in the order in which they are sent; `peer` is where packets go when `target` is no address.
    """

    call_id: str
    local: Address
    remote: Address
    target: URI
    contact: Address
    peer: tuple[str, int]
    routes: tuple[str, ...] = ()
    sequence: int = field(default=0)
    remote_sequence: int = -1

    @property
    def local_tag(self) -> str:
        """Our tag."""
        return self.local.parameters.get("tag") or ""

    @property
    def remote_tag(self) -> str:
        """The other side's tag; nothing before its first response."""
        return self.remote.parameters.get("tag") or ""

    @property
    def destination(self) -> tuple[str, int]:
        """Where the next request goes: the first route, or the target."""
        hop = Address.parse(self.routes[0]).uri if self.routes else self.target
        return address_of(hop) or self.peer

    def request(self, method: str) -> Request:
        """Return a new request with the next number."""
        self.sequence += 1
        return self.build(method, self.sequence)

    def build(self, method: str, sequence: int) -> Request:
        """Return a request with this number: an ACK has the number of its INVITE."""
        request = Request(method, self.target)
        address = self.contact.uri
        request.via = [Via("UDP", address.host, address.port)]
        # Put by hand: the codec would print a value to `rport`.
        put(request, "Via", f"{request.headers['Via']};branch={branch()};rport")
        put(request, "Max-Forwards", "70")
        request.from_address = self.local
        request.to_address = self.remote
        put(request, "Call-ID", self.call_id)
        request.cseq = CSeq(sequence, method)
        if self.routes:
            request.headers.setlist("Route", list(self.routes))
        if method not in ("BYE", "ACK", "CANCEL"):
            request.contact = [self.contact]
            put(request, "Allow", ALLOW)
        put(request, "User-Agent", AGENT)
        return request

    def learn(self, response: Response) -> None:
        """Take the other side's tag, target and routes from a response to our first INVITE."""
        self.remote = response.to_address
        self.retarget(response)
        self.routes = tuple(str(route) for route in reversed(response.record_route))

    def retarget(self, message: Request | Response) -> None:
        """Take a new target: any message of an INVITE or UPDATE may bring one (section 12.2)."""
        contacts = message.contact
        if contacts:
            self.target = contacts[0].uri

    def belongs(self, envelope: Envelope) -> bool:
        """Whether a request from the other side is for this dialog."""
        return (
            envelope.call_id == self.call_id
            and envelope.to_tag == self.local_tag
            and envelope.from_tag == self.remote_tag
        )


def called(request: Request, envelope: Envelope, tag: str, contact: Address, source: tuple[str, int]) -> Dialog:
    """Return the dialog that an incoming INVITE makes; `tag` is the one that our responses carry.

    Raises `ValueError` when its Contact or Record-Route is damaged.
    """
    contacts = request.contact
    return Dialog(
        call_id=envelope.call_id,
        local=replace(envelope.receiver, parameters=envelope.receiver.parameters.replace(tag=tag)),
        remote=envelope.sender,
        target=contacts[0].uri if contacts else envelope.sender.uri,
        contact=contact,
        peer=source,
        routes=tuple(str(route) for route in request.record_route),
        remote_sequence=envelope.cseq.sequence,
    )
