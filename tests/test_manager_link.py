"""The link against an Asterisk that a test plays: it freezes, closes, floods, forges, talks nonsense."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from config.secret import Secret
from telephony.manager.backoff import DEAD_S, SECRET_S, BackOff, Broken
from telephony.manager.error import BadAction
from telephony.manager.event import DeviceChanged
from telephony.manager.exchange import Gap, News, Origination, Place, Why
from telephony.manager.link import ManagerLink, Patience
from telephony.manager.outcome import Answered, LinkLost, Refused, TimedOut
from telephony.manager.snapshot import QUESTIONS, Snapshot

WITHIN = 60.0  # seconds; generous
QUICK = Patience(connect_s=10.0, action_s=10.0, snapshot_s=10.0, ping_s=0.05, pong_s=10.0, again_s=0.01)
LISTS = {action for action, _ in QUESTIONS}

Action = dict[str, str]


def device(number: int, state: str = "INUSE", extra: str = "") -> str:
    """An event about a seat's line."""
    return (
        "Event: DeviceStateChange\r\nPrivilege: call,all\r\nTimestamp: 1795450341.1\r\n"
        f"Device: PJSIP/seat-{number:02}\r\nState: {state}\r\n{extra}\r\n"
    )


class Peer:
    """Plays Asterisk. `answer` may be replaced: from an action to what is written, None to be silent."""

    def __init__(self) -> None:
        self.asked: list[Action] = []
        self.connections: list[asyncio.StreamWriter] = []
        self.answer: Callable[[Action], str | None] = self.as_asterisk
        self.greeting = b"Asterisk Call Manager/11.0.0\r\n"
        self._news = asyncio.Condition()

    def as_asterisk(self, action: Action) -> str:
        name, own = action["Action"], f"ActionID: {action['ActionID']}\r\n"
        if name in LISTS:
            begin = f"Response: Success\r\n{own}EventList: start\r\n\r\n"
            return f"{begin}Event: {self._end(name)}\r\n{own}EventList: Complete\r\n\r\n"
        return f"Response: Success\r\n{own}\r\n"

    def _end(self, name: str) -> str:
        return {"BridgeList": "BridgeListComplete", "PJSIPShowContacts": "ContactListComplete"}.get(
            name, f"{name}Complete"
        )

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(writer)
        writer.write(self.greeting)
        try:
            while block := await reader.readuntil(b"\r\n\r\n"):
                action = dict(line.split(": ", 1) for line in block.decode().strip().split("\r\n"))
                if (answer := self.answer(action)) is not None:
                    writer.write(answer.encode())
                async with self._news:
                    self.asked.append(action)
                    self._news.notify_all()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def say(self, text: str | bytes) -> None:
        """Write to the newest connection."""
        self.connections[-1].write(text if isinstance(text, bytes) else text.encode())

    async def was_asked(self, name: str, times: int = 1) -> None:
        async with asyncio.timeout(WITHIN), self._news:
            await self._news.wait_for(lambda: self.times(name) >= times)

    def times(self, name: str) -> int:
        return sum(action["Action"] == name for action in self.asked)


@asynccontextmanager
async def linked(peer: Peer, patience: Patience = QUICK, news_max: int = 100) -> AsyncIterator[ManagerLink]:
    server = await asyncio.start_server(peer.connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = ManagerLink("127.0.0.1", port, "liandong", Secret("s3cret"), patience=patience, news_max=news_max)
    running = asyncio.create_task(link.run())
    try:
        yield link
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        server.close()
        for writer in peer.connections:
            writer.close()


async def news(link: ManagerLink) -> News:
    return await asyncio.wait_for(link.next(), WITHIN)


async def snapshot(link: ManagerLink) -> Snapshot:
    """The next news is a snapshot."""
    told = await news(link)
    assert isinstance(told, Snapshot), told
    return told


async def seat_of(link: ManagerLink) -> str:
    """The next news is an event about this seat."""
    told = await news(link)
    assert isinstance(told, DeviceChanged), told
    return told.endpoint


async def test_the_snapshot_is_told_first_and_then_what_happened_meanwhile_in_order() -> None:
    peer = Peer()

    def answer(action: Action) -> str:
        before = {"Login": device(1), "CoreShowChannels": device(2), "DBGetTree": device(3)}
        return before.get(action["Action"], "") + peer.as_asterisk(action)

    peer.answer = answer
    async with linked(peer) as link:
        await snapshot(link)
        assert [await seat_of(link) for _ in range(3)] == ["seat-01", "seat-02", "seat-03"]
        peer.say("".join(device(number) for number in range(10, 30)))
        assert [await seat_of(link) for _ in range(20)] == [f"seat-{number}" for number in range(10, 30)]
        assert (link.up, link.broken, link.snapshots) == (True, None, 1)


async def test_a_peer_that_freezes_is_found_by_its_ping_and_the_link_is_made_again() -> None:
    peer = Peer()
    async with linked(peer, replace(QUICK, pong_s=0.5)) as link:
        await snapshot(link)
        peer.answer = lambda _: None
        assert await news(link) == Gap(Why.LINK)
        assert not link.up
        peer.answer = peer.as_asterisk
        while (told := await news(link)) == Gap(Why.LINK):
            pass  # half a second is soon over on a busy machine
        assert isinstance(told, Snapshot)


async def test_an_event_that_is_cut_off_by_the_end_of_the_link_is_not_told() -> None:
    peer = Peer()
    async with linked(peer) as link:
        await snapshot(link)
        peer.say(device(1) + device(2)[:-2])
        peer.connections[-1].close()
        assert await seat_of(link) == "seat-01"
        assert await news(link) == Gap(Why.LINK)
        await snapshot(link)


async def test_what_was_not_answered_when_the_link_broke_is_lost_and_never_sent_again() -> None:
    peer = Peer()
    async with linked(peer) as link:
        await snapshot(link)
        peer.answer = lambda action: None if action["Action"] == "Redirect" else peer.as_asterisk(action)
        redirecting = asyncio.create_task(link.redirect("a.1", Place("offer", "1+seat-01+10")))
        await peer.was_asked("Redirect")
        peer.connections[-1].close()
        assert await asyncio.wait_for(redirecting, WITHIN) == LinkLost()
        assert await news(link) == Gap(Why.LINK)
        await snapshot(link)
        assert await link.hang_up("a.2") == Answered(None)
        assert peer.times("Redirect") == 1


async def test_without_a_link_an_act_is_lost_at_once_and_a_bad_one_is_still_bad() -> None:
    link = ManagerLink("127.0.0.1", 9, "liandong", Secret("x"))
    assert await link.hang_up("a.1") == LinkLost()
    with pytest.raises(BadAction):
        await link.hang_up("a.1\r\nAction: Logoff")


async def test_an_act_without_an_answer_times_out_and_its_late_answer_is_thrown_away() -> None:
    peer = Peer()
    async with linked(peer, replace(QUICK, action_s=0.1)) as link:
        await snapshot(link)
        peer.answer = lambda action: None if action["Action"] == "Getvar" else peer.as_asterisk(action)
        assert await link.variable("a.1", "X") == TimedOut()
        await peer.was_asked("Getvar")
        late = peer.as_asterisk(next(action for action in peer.asked if action["Action"] == "Getvar"))
        peer.say(late + device(1))
        assert await seat_of(link) == "seat-01"
        assert link.damages == 0


async def test_a_listener_who_is_too_slow_finds_a_gap_and_then_a_snapshot() -> None:
    peer = Peer()
    async with linked(peer, news_max=100) as link:
        await snapshot(link)
        peer.say("".join(device(1) for _ in range(1000)))
        assert (await link.heartbeat(1)) == Answered(None)  # read behind the flood
        await peer.was_asked("Ping", times=peer.times("Ping") + 3)
        assert peer.times("CoreShowChannels") == 1  # nothing is asked before he has come back
        assert await news(link) == Gap(Why.OVERFLOW)
        await snapshot(link)
        peer.say(device(2))
        assert await seat_of(link) == "seat-02"


async def test_more_events_during_a_snapshot_than_the_inbox_holds_cost_another_snapshot_and_nothing_old_is_told() -> (
    None
):
    peer = Peer()

    def answer(action: Action) -> str:
        first = action["Action"] == "BridgeList" and peer.times("BridgeList") == 0
        return ("".join(device(66) for _ in range(100)) if first else "") + peer.as_asterisk(action)

    peer.answer = answer
    async with linked(peer, news_max=100) as link:
        await peer.was_asked("CoreShowChannels")
        told = await news(link)  # the snapshot and 99 events fit, the last one does not
        assert told == Gap(Why.OVERFLOW)
        await snapshot(link)
        peer.say(device(2))
        assert await seat_of(link) == "seat-02"


async def test_a_forged_event_is_not_told_and_asterisk_is_asked_again() -> None:
    peer = Peer()
    async with linked(peer) as link:
        await snapshot(link)
        torn = "Event: Newchannel\r\nChannel: PJSIP/city-00000000\r\nCallerIDNum: 138\r\n\r\n" + device(66) + device(67)
        peer.say(device(1) + torn + "Uniqueid: a.1\r\nLinkedid: a.1\r\n\r\n" + device(68))
        assert await seat_of(link) == "seat-01"
        await snapshot(link)
        peer.say(device(2))
        assert await seat_of(link) == "seat-02"
        assert link.damages >= 1
        assert len(peer.connections) == 1


async def test_damage_during_a_snapshot_costs_another_one() -> None:
    peer = Peer()
    seen = 0

    def answer(action: Action) -> str:
        nonlocal seen
        if action["Action"] == "BridgeList":
            seen += 1
            if seen < 3:
                return "X: damaged\r\n\r\n" + device(66) + peer.as_asterisk(action)
        return peer.as_asterisk(action)

    peer.answer = answer
    async with linked(peer) as link:
        await snapshot(link)
        peer.say(device(1))
        assert await seat_of(link) == "seat-01"
        assert (seen, link.snapshots) == (3, 1)


async def test_an_event_with_a_senseless_value_is_damage() -> None:
    peer = Peer()
    async with linked(peer) as link:
        await snapshot(link)
        peer.say(device(1).replace("Timestamp: 1795450341.1", "Timestamp: soon"))
        await snapshot(link)
        assert link.damages == 1


async def test_asterisks_refusals_come_back_in_its_own_words() -> None:
    peer = Peer()
    async with linked(peer) as link:
        await snapshot(link)
        peer.answer = lambda action: (
            f"Response: Error\r\nActionID: {action['ActionID']}\r\nMessage: No such channel\r\n\r\n"
        )
        assert await link.redirect("a.1", Place("waiting", "s")) == Refused("No such channel")


async def test_a_wrong_secret_is_told_and_has_a_patience_of_its_own() -> None:
    peer = Peer()
    peer.answer = lambda action: (
        f"Response: Error\r\nActionID: {action['ActionID']}\r\nMessage: Authentication failed\r\n\r\n"
    )
    async with linked(peer) as link:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WITHIN
        while link.broken is not Broken.SECRET:
            assert loop.time() < deadline, link.broken
            await asyncio.sleep(0.01)
        assert not link.up
        assert peer.asked[0]["Secret"] == "s3cret"
        assert peer.times("Login") == 1


def test_the_patience_with_a_wrong_secret_is_longer_and_is_forgotten_by_a_success() -> None:
    back_off = BackOff()
    assert [back_off.next_s(Broken.CLOSED) for _ in range(7)] == [*DEAD_S, DEAD_S[-1]]
    assert [back_off.next_s(Broken.SECRET) for _ in range(5)] == [*SECRET_S, SECRET_S[-1]]
    assert back_off.next_s(Broken.UNREACHABLE) == DEAD_S[0]
    back_off.next_s(Broken.CLOSED)
    back_off.succeeded()
    assert back_off.next_s(Broken.CLOSED) == DEAD_S[0]
    assert min(SECRET_S) >= 5


async def test_a_list_that_asterisk_refuses_is_no_snapshot() -> None:
    peer = Peer()

    def answer(action: Action) -> str:
        if action["Action"] == "DeviceStateList" and len(peer.connections) == 1:
            return f"Response: Error\r\nActionID: {action['ActionID']}\r\nMessage: Permission denied\r\n\r\n"
        return peer.as_asterisk(action)

    peer.answer = answer
    async with linked(peer) as link:
        await snapshot(link)
        assert len(peer.connections) == 2


async def test_no_contacts_at_all_is_an_empty_list() -> None:
    peer = Peer()

    def answer(action: Action) -> str:
        if action["Action"] == "PJSIPShowContacts":
            return f"Response: Error\r\nActionID: {action['ActionID']}\r\nMessage: No Contacts found\n\r\n\r\n"
        return peer.as_asterisk(action)

    peer.answer = answer
    async with linked(peer) as link:
        assert (await snapshot(link)).contacts == {}


async def test_a_thousand_pieces_of_garbage_raise_nothing_and_the_link_is_whole_afterwards() -> None:
    chance = random.Random(5)
    peer = Peer()
    async with linked(peer) as link:
        await snapshot(link)
        for _ in range(1000):
            start = bytearray(chance.choice((device(7), "Response: Success\r\nActionID: ", "", "Event: ")).encode())
            for _ in range(chance.randrange(30)):
                start.insert(chance.randrange(len(start) + 1), chance.choice(b"\r\n: \x00\xff\xe5E"))
            peer.say(bytes(start))
        peer.say("x\r\n\r\n")
        assert await link.heartbeat(1) == Answered(None)

        async def whole() -> None:
            while not isinstance(await link.next(), Snapshot):
                pass

        await asyncio.wait_for(whole(), WITHIN)
        assert link.damages > 0
        assert len(peer.connections) == 1


@pytest.mark.parametrize("greeting", [b"SSH-2.0-x\r\n", b"\x00" * 5000, b""])
async def test_whoever_is_no_asterisk_is_left_and_tried_again(greeting: bytes) -> None:
    peer = Peer()
    peer.greeting = greeting
    peer.answer = lambda _: None
    async with linked(peer, replace(QUICK, action_s=0.1)) as link:
        await peer.was_asked("Login", times=2)
        assert not link.up
        peer.greeting, peer.answer = b"Asterisk Call Manager/11.0.0\r\n", peer.as_asterisk
        await snapshot(link)


@pytest.mark.parametrize(
    "act",
    [
        lambda link: link.set_variable("", "X", "1"),  # Asterisk would set a global
        lambda link: link.set_variable("a.1", "X", "1\r\nAction: Logoff"),
        lambda link: link.hang_up("/^PJSIP/"),  # Asterisk would hang up every call
        lambda link: link.redirect("a.1", Place("offer\r\n", "1")),
        lambda link: link.keep("/seat", "1"),
        lambda link: link.keep("seat/", "1"),
        lambda link: link.originate(Origination("n.1", "PJSIP/1@city", Place("x", "s"), 10, variables={"A": "1,B=2"})),
        lambda link: link.originate(Origination("n.1", "PJSIP/1@city", Place("x", "s"), 10, caller_name='"<x>')),
        lambda link: link.originate(Origination("", "PJSIP/1@city", Place("x", "s"), 10)),
    ],
)
async def test_what_asterisk_would_take_for_something_else_is_not_sent(act: Callable[[ManagerLink], object]) -> None:
    peer = Peer()
    async with linked(peer) as link:
        await snapshot(link)
        before = {action["Action"] for action in peer.asked}
        with pytest.raises(BadAction):
            await act(link)  # type: ignore[misc]
        assert {action["Action"] for action in peer.asked} == before
