"""A telephone against a peer whose every packet the test writes."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from sipmessage import Request, Response

from phones import (
    BY_HAND,
    Ending,
    Oddity,
    Outcome,
    Phone,
    Policy,
    RegistrationRefused,
    RequestRefused,
    Side,
    Stage,
    Timers,
    What,
    answer_at_once,
    ring_then_answer,
    silent,
)
from phones.digest import Challenge, Credentials, answer
from phones.message import finish, put, read, response_to
from phones.sdp import Description, Direction

QUICK = Timers(t1=0.01, t2=0.04, t4=0.05)  # everything that lasts 32 s lasts 0.64 s
QUICK_AFTER_GLARE = Timers(t2=0.04)
WITHIN_S = 30.0
HERE = ("127.0.0.1", 0)


class Peer:
    """A SIP and RTP socket pair that does nothing by itself."""

    def __init__(self) -> None:
        self._sip, self.rtp = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for one in (self._sip, self.rtp):
            one.setblocking(False)
            one.bind(HERE)
        self.address: tuple[str, int] = self._sip.getsockname()
        self.tag = "peer"
        self._heard: set[bytes] = set()

    def close(self) -> None:
        self._sip.close()
        self.rtp.close()

    async def hear(self) -> Request | Response:
        async with asyncio.timeout(WITHIN_S):
            data, self.source = await asyncio.get_running_loop().sock_recvfrom(self._sip, 65535)
        self.repeated = data in self._heard
        self._heard.add(data)
        return read(data).message

    async def request(self, method: str, again: bool = False) -> Request:
        """Return the next packet, which must be this request; what was heard before is passed over."""
        message = await self.hear()
        while self.repeated and not again:
            message = await self.hear()
        assert isinstance(message, Request) and message.method == method, bytes(message)
        return message

    async def response(self, status: int, to: str) -> Response:
        """Return the next packet, which must be this response; what was heard before is passed over."""
        message = await self.hear()
        while self.repeated:
            message = await self.hear()
        assert isinstance(message, Response), bytes(message)
        assert (message.code, message.cseq.method) == (status, to), bytes(message)
        return message

    def reply(
        self, request: Request, status: int, *, sdp: bool = False, tag: str | None = None, **headers: str
    ) -> None:
        response = response_to(request, status, tag or self.tag, self.source)
        put(response, "Contact", f"<sip:peer@127.0.0.1:{self.address[1]}>")
        for name, value in headers.items():
            put(response, name.replace("_", "-"), value)
        finish(response, "application/sdp", self.sdp() if sdp else b"")
        self.send(response)

    def send(self, message: Request | Response, to: tuple[str, int] | None = None) -> None:
        self._sip.sendto(bytes(message), to or self.source)

    def sdp(self, direction: Direction = Direction.SENDRECV, port: int | None = None) -> bytes:
        return bytes(Description("127.0.0.1", self.rtp.getsockname()[1] if port is None else port, direction=direction))

    def write(self, phone: Phone, method: str, number: int, *, to_tag: str = "", **headers: str) -> Request:
        """Send a request of one call, "c1", and return it; `body` is its session description."""
        self.source = phone.address
        target = f"sip:{phone.user}@127.0.0.1:{phone.address[1]}"
        body = headers.pop("body", "")
        lines = [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.address[1]};branch=z9hG4bK{method}{number};rport",
            "From: <sip:110@127.0.0.1>;tag=far",
            f"To: <{target}>" + (f";tag={to_tag}" if to_tag else ""),
            "Call-ID: c1",
            f"CSeq: {number} {method}",
            f"Contact: <sip:110@127.0.0.1:{self.address[1]}>",
            *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        request = read(("\r\n".join(lines) + "\r\n\r\n" + body).encode()).message
        assert isinstance(request, Request)
        self.send(request)
        return request

    async def connected(self, phone: Phone) -> str:
        """Call a telephone that answers at once, acknowledge it, and return its tag."""
        self.write(phone, "INVITE", 1, body=self.sdp().decode())
        await self.response(100, "INVITE")
        answered = await self.response(200, "INVITE")
        tag = answered.to_address.parameters["tag"] or ""
        self.write(phone, "ACK", 1, to_tag=tag)
        return tag


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    one = Peer()
    yield one
    one.close()


@pytest.fixture
async def phone(peer: Peer, request: pytest.FixtureRequest) -> AsyncIterator[Phone]:
    one = Phone(peer.address, "1001", "secret", timers=getattr(request, "param", Timers()))
    await one.open()
    yield one
    one.vanish()
    await one.close()


def _oddities(phone: Phone) -> list[Oddity]:
    return [surprise.what for surprise in phone.unexpected]


quickly = pytest.mark.parametrize("phone", [QUICK], indirect=True)


@quickly
async def test_an_invite_that_nobody_answers_is_sent_again_and_again_and_ends_as_a_timeout(
    peer: Peer, phone: Phone
) -> None:
    call = await phone.dial("119")
    assert await call.ended() == Outcome(Ending.TIMEOUT, Side.OTHER)
    invites = [bytes(await peer.request("INVITE", again=True)) for _ in range(phone.resent + 1)]
    assert len(set(invites)) == 1
    assert 2 <= len(invites) <= 7  # how often, if nothing is late: see `test_phones_transaction`
    assert _oddities(phone) == [Oddity.NO_ANSWER_TO_REQUEST]


async def test_a_refusal_is_acknowledged_in_its_own_transaction_as_often_as_it_comes(peer: Peer, phone: Phone) -> None:
    call = await phone.dial("119")
    invite = await peer.request("INVITE")
    for _ in range(2):
        peer.reply(invite, 486)
        ack = await peer.request("ACK", again=True)
        assert ack.headers["Via"] == invite.headers["Via"]
        assert ack.to_address.parameters["tag"] == "peer"
        assert ack.cseq.sequence == invite.cseq.sequence
    assert await call.ended() == Outcome(Ending.REJECTED, Side.OTHER, 486, "Busy Here")
    assert phone.unexpected == ()


async def test_an_answer_that_comes_again_is_acknowledged_again(peer: Peer, phone: Phone) -> None:
    call = await phone.dial("119")
    invite = await peer.request("INVITE")
    for _ in range(3):
        peer.reply(invite, 200, sdp=True)
        ack = await peer.request("ACK")
        assert ack.headers["Via"] != invite.headers["Via"]
        assert str(ack.uri) == f"sip:peer@127.0.0.1:{peer.address[1]}"
    assert call.stage is Stage.TALKING
    assert [event.what for event in call.history].count(What.ANSWERED) == 1


async def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up(peer: Peer, phone: Phone) -> None:
    call = await phone.dial("119")
    invite = await peer.request("INVITE")
    peer.reply(invite, 180)
    await call.ringing()
    peer.reply(invite, 200, sdp=True)  # on its way
    await call.cancel()
    cancel = await peer.request("CANCEL")
    assert cancel.headers["Via"] == invite.headers["Via"] and cancel.uri == invite.uri
    await peer.request("ACK")
    bye = await peer.request("BYE")
    peer.reply(cancel, 200)
    peer.reply(bye, 200)
    assert await call.ended() == Outcome(Ending.CANCELLED, Side.ME, 200, crossed=True)
    assert phone.unexpected == ()


@pytest.mark.parametrize("phone", [Timers(t1=0.1)], indirect=True)
async def test_a_cancel_waits_for_the_first_response(peer: Peer, phone: Phone) -> None:
    call = await phone.dial("119")
    invite = await peer.request("INVITE")
    await call.cancel()
    await peer.request("INVITE", again=True)
    peer.reply(invite, 100)
    peer.reply(await peer.request("CANCEL"), 200)
    peer.reply(invite, 487)
    assert (await call.ended()).ending is Ending.CANCELLED


@quickly
async def test_a_cancelled_call_whose_peer_forgets_the_invite_ends_as_a_timeout(peer: Peer, phone: Phone) -> None:
    call = await phone.dial("119")
    peer.reply(await peer.request("INVITE"), 180)
    await call.ringing()
    await call.cancel()
    peer.reply(await peer.request("CANCEL"), 200)
    assert (await call.ended()).ending is Ending.TIMEOUT
    assert _oddities(phone) == [Oddity.NO_ANSWER_TO_REQUEST]


async def test_a_second_answer_of_another_device_is_hung_up_and_the_first_call_goes_on(
    peer: Peer, phone: Phone
) -> None:
    call = await phone.dial("119")
    invite = await peer.request("INVITE")
    peer.reply(invite, 200, sdp=True)
    await peer.request("ACK")
    peer.reply(invite, 200, sdp=True, tag="another")
    assert (await peer.request("ACK")).to_address.parameters["tag"] == "another"
    assert (await peer.request("BYE")).to_address.parameters["tag"] == "another"
    assert call.stage is Stage.TALKING
    await call.hang_up()
    peer.reply(await peer.request("BYE"), 200)
    assert (await call.ended()).ending is Ending.HUNG_UP


@pytest.mark.parametrize("status", [401, 407])
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_a_challenged_invite_is_sent_once_more_with_the_right_answer(
    peer: Peer, phone: Phone, status: int, algorithm: str
) -> None:
    asks, answers = {401: ("WWW_Authenticate", "Authorization"), 407: ("Proxy_Authenticate", "Proxy-Authorization")}[
        status
    ]
    text = f'Digest realm="r", nonce="n1", qop="auth,auth-int", algorithm={algorithm}'
    call = await phone.dial("119", caller="13800138000")
    first = await peer.request("INVITE")
    peer.reply(first, status, **{asks: text})
    await peer.request("ACK")
    second = await peer.request("INVITE")
    given = Challenge.parse(second.headers[answers].replace("response=", "x="))
    assert given.nonce == "n1"
    cnonce = second.headers[answers].split('cnonce="')[1].split('"')[0]
    expected = answer(Challenge.parse(text), Credentials("1001", "secret"), "INVITE", str(second.uri), cnonce)
    assert second.headers[answers] == expected
    assert second.call_id == first.call_id and second.cseq.sequence == first.cseq.sequence + 1
    assert second.from_address.uri.user == "13800138000"
    peer.reply(second, status, **{asks: text})
    assert (await call.ended()).status == status


async def test_a_wrong_secret_is_refused_with_its_status(peer: Peer, phone: Phone) -> None:
    registering = asyncio.create_task(phone.register())
    for _ in range(2):
        peer.reply(await peer.request("REGISTER"), 401, WWW_Authenticate='Digest realm="r", nonce="n"')
    with pytest.raises(RegistrationRefused) as refusal:
        await registering
    assert refusal.value.status == 401 and not phone.registered


async def test_a_registration_is_renewed_and_taken_back(peer: Peer, phone: Phone) -> None:
    registering = asyncio.create_task(phone.register())
    request = await peer.request("REGISTER")
    peer.reply(request, 200, Contact=f"{request.headers['Contact']};expires=2")
    assert await registering == 2
    renewed = await peer.request("REGISTER")  # after half of the two seconds
    assert renewed.call_id == request.call_id and renewed.cseq.sequence > request.cseq.sequence
    peer.reply(renewed, 200, Expires="60")
    leaving = asyncio.create_task(phone.unregister())
    while (last := await peer.request("REGISTER")).headers["Expires"] != "0":
        peer.reply(last, 200)
    peer.reply(last, 200)
    await leaving
    assert not phone.registered


async def test_a_silent_telephone_sends_not_even_a_100(peer: Peer, phone: Phone) -> None:
    phone.policy = silent()
    for _ in range(2):
        peer.write(phone, "INVITE", 1, body=peer.sdp().decode())
    call = await phone.incoming()
    peer.write(phone, "OPTIONS", 1)
    assert (await peer.response(200, "OPTIONS")).headers["Allow"].startswith("INVITE")  # the first packet of all
    assert call.stage is Stage.CALLING
    assert len(phone.calls) == 1


@quickly
async def test_an_answer_that_is_never_acknowledged_is_repeated_and_then_hung_up(peer: Peer, phone: Phone) -> None:
    phone.policy = answer_at_once()
    peer.write(phone, "INVITE", 1, body=peer.sdp().decode())
    await peer.response(100, "INVITE")
    answers = 0
    while isinstance(message := await peer.hear(), Response):
        assert message.code == 200
        answers += 1
    assert message.method == "BYE" and answers > 1
    peer.reply(message, 200)
    assert (await phone.calls[0].ended()).ending is Ending.TIMEOUT
    assert _oddities(phone) == [Oddity.NO_ACK]


async def test_who_calls_without_an_offer_gets_one_and_answers_it_in_the_ack(peer: Peer, phone: Phone) -> None:
    phone.policy = answer_at_once()
    peer.write(phone, "INVITE", 1)
    await peer.response(100, "INVITE")
    answered = await peer.response(200, "INVITE")
    assert Description.parse(answered.body).direction is Direction.SENDRECV
    tag = answered.to_address.parameters["tag"] or ""
    peer.write(phone, "ACK", 1, to_tag=tag, body=peer.sdp().decode())
    async with asyncio.timeout(WITHIN_S):
        packet = await asyncio.get_running_loop().sock_recv(peer.rtp, 2000)
    assert packet[0] == 0x80 and len(packet) == 172


async def test_the_asking_side_refreshes_the_session(peer: Peer, phone: Phone) -> None:
    phone.policy = answer_at_once()
    peer.write(phone, "INVITE", 1, Supported="timer", Session_Expires="1800", body=peer.sdp().decode())
    await peer.response(100, "INVITE")
    answered = await peer.response(200, "INVITE")
    assert answered.headers["Session-Expires"] == "1800;refresher=uac"
    tag = answered.to_address.parameters["tag"] or ""
    peer.write(phone, "ACK", 1, to_tag=tag)
    peer.write(phone, "UPDATE", 2, to_tag=tag, Supported="timer", Session_Expires="1800;refresher=uac")
    assert (await peer.response(200, "UPDATE")).headers["Session-Expires"] == "1800;refresher=uac"


async def test_a_demanded_extension_that_we_lack_is_refused(peer: Peer, phone: Phone) -> None:
    peer.write(phone, "INVITE", 1, Require="100rel, timer", body=peer.sdp().decode())
    assert (await peer.response(420, "INVITE")).headers["Unsupported"] == "100rel"
    peer.write(phone, "ACK", 1)
    assert phone.calls == []


async def test_requests_inside_a_call_are_answered_and_stale_ones_refused(peer: Peer, phone: Phone) -> None:
    phone.policy = answer_at_once()
    tag = await peer.connected(phone)
    for number, (method, status) in enumerate(
        {"INFO": 200, "NOTIFY": 200, "OPTIONS": 200, "REFER": 202, "PRACK": 405}.items(), 2
    ):
        peer.write(phone, method, number, to_tag=tag)
        await peer.response(status, method)
    peer.write(phone, "INFO", 1, to_tag=tag)
    await peer.response(500, "INFO")
    peer.write(phone, "BYE", 10, to_tag=tag, Reason="Q.850;cause=16")
    await peer.response(200, "BYE")
    assert await phone.calls[0].ended() == Outcome(Ending.HUNG_UP, Side.OTHER, 200, "Q.850;cause=16")
    assert _oddities(phone) == [Oddity.UNKNOWN_METHOD]


async def test_the_sound_follows_a_new_address(peer: Peer, phone: Phone) -> None:
    phone.policy = answer_at_once()
    tag = await peer.connected(phone)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.setblocking(False)
        elsewhere.bind(HERE)
        peer.write(phone, "INVITE", 2, to_tag=tag, body=peer.sdp(port=elsewhere.getsockname()[1]).decode())
        await peer.response(200, "INVITE")
        peer.write(phone, "ACK", 2, to_tag=tag)
        async with asyncio.timeout(WITHIN_S):
            assert len(await asyncio.get_running_loop().sock_recv(elsewhere, 2000)) == 172
    assert phone.calls[0].time_of(What.REFRESHED) is not None


async def test_a_description_that_crosses_our_bye_is_told_that_the_call_is_over(peer: Peer, phone: Phone) -> None:
    phone.policy = answer_at_once()
    tag = await peer.connected(phone)
    await phone.calls[0].hang_up()
    bye = await peer.request("BYE")
    peer.write(phone, "INVITE", 2, to_tag=tag, body=peer.sdp().decode())
    await peer.response(481, "INVITE")
    peer.write(phone, "ACK", 2, to_tag=tag)
    peer.reply(bye, 200)
    assert (await phone.calls[0].ended()).by is Side.ME
    assert phone.unexpected == ()


@pytest.mark.parametrize("phone", [QUICK_AFTER_GLARE], indirect=True)
async def test_two_sides_that_describe_at_once_settle_it(peer: Peer, phone: Phone) -> None:
    phone.policy = answer_at_once()
    tag = await peer.connected(phone)
    holding = asyncio.create_task(phone.calls[0].hold())
    ours = await peer.request("INVITE")
    peer.write(phone, "INVITE", 2, to_tag=tag, body=peer.sdp().decode())
    await peer.response(491, "INVITE")
    peer.write(phone, "ACK", 2, to_tag=tag)
    peer.reply(ours, 491)
    await peer.request("ACK")
    again = await peer.request("INVITE")
    assert Description.parse(again.body).direction is Direction.SENDONLY
    peer.reply(again, 200, sdp=True)
    await peer.request("ACK")
    await holding


async def test_a_refused_hold_says_so_and_the_call_goes_on(peer: Peer, phone: Phone) -> None:
    phone.policy = answer_at_once()
    await peer.connected(phone)
    holding = asyncio.create_task(phone.calls[0].hold())
    peer.reply(await peer.request("INVITE"), 488)
    with pytest.raises(RequestRefused) as refusal:
        await holding
    assert refusal.value.status == 488
    assert phone.calls[0].stage is Stage.TALKING


async def test_routes_that_an_answer_records_are_taken_in_reverse(peer: Peer, phone: Phone) -> None:
    call = await phone.dial("119")
    here = f"127.0.0.1:{peer.address[1]}"
    peer.reply(await peer.request("INVITE"), 200, sdp=True, Record_Route=f"<sip:far@{here};lr>, <sip:near@{here};lr>")
    ack = await peer.request("ACK")
    assert [route.uri.user for route in ack.route] == ["near", "far"]
    await call.hang_up()
    peer.reply(await peer.request("BYE"), 200)
    await call.ended()


async def test_early_media_is_heard_before_the_answer(peer: Peer, phone: Phone) -> None:
    call = await phone.dial("119", speak_early=True)
    invite = await peer.request("INVITE")
    peer.reply(invite, 183, sdp=True)
    await call.ringing()
    async with asyncio.timeout(WITHIN_S):
        packet = await asyncio.get_running_loop().sock_recv(peer.rtp, 2000)
    assert len(packet) == 172
    assert call.time_of(What.EARLY_MEDIA) is not None and call.time_of(What.ANSWERED) is None


@pytest.mark.parametrize("first", [10000, 50000, 65535])
async def test_the_first_sequence_number_is_the_chosen_one(peer: Peer, phone: Phone, first: int) -> None:
    phone.first_sequence = first
    await phone.dial("119")
    peer.reply(await peer.request("INVITE"), 200, sdp=True)
    async with asyncio.timeout(WITHIN_S):
        packet = await asyncio.get_running_loop().sock_recv(peer.rtp, 2000)
    assert int.from_bytes(packet[2:4], "big") == first


@pytest.mark.parametrize("policy", [BY_HAND, ring_then_answer(0.0)])
async def test_what_belongs_to_no_call_is_refused_and_remembered(peer: Peer, phone: Phone, policy: Policy) -> None:
    phone.policy = policy
    for method in ("BYE", "CANCEL", "INFO"):
        peer.write(phone, method, 1, to_tag="unknown")
        await peer.response(481, method)
    peer.write(phone, "PUBLISH", 1)
    await peer.response(405, "PUBLISH")
    assert _oddities(phone) == [Oddity.STRAY_REQUEST] * 3 + [Oddity.UNKNOWN_METHOD]
