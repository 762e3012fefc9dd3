"""One incident, its duty lines, its journal, its wire to Asterisk, and one life of the engine after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

from config.field import Language
from dispatch import command, rows, store
from dispatch.attempt import AttemptState
from dispatch.department import Calling
from dispatch.drafting import OrderDraft
from dispatch.ladder import DutyLine, Ladder, Ring
from dispatch.order import Order
from dispatch.stored import StoredOrder
from dispatch.writing import PROMISES
from journal import Fact, Journal, Places, Refusal, Registry, audit, facts_about, sqlite_url
from journal.instant import utc_now
from liandong.engine import TYPES, VERSIONS
from phones import Behaviour, IncomingCall, Stage
from phones.history import What
from tests.notification_life import Life
from tests.notification_officer import WITHIN, pressed
from tests.proxy import Proxy

if TYPE_CHECKING:
    from tests.notification_room import City

SHORT = "请派车。"
PROMPT_S = 8.0


class Scene:
    """One incident."""

    def __init__(self, city: City, incident: str, calling: Calling, journal: Journal, proxy: Proxy, port: int) -> None:
        self.city, self.incident, self.calling, self.journal = city, incident, calling, journal
        self.proxy, self._port = proxy, port
        self.orders: list[Order] = []
        self.lives: list[Life] = []
        self.told: list[command.TellDispatcher] = []
        """What the dispatcher was told, in all lives."""
        self.numbers: list[str] = []
        self.left = ""
        """What Asterisk still had noted when it was last asked."""
        self._wishes = count(1)
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        journal.listen(self._committed)

    @classmethod
    async def open(cls, city: City, incident: str, calling: Calling) -> Scene:
        folder = city.folder / incident
        places = Places(sqlite_url(folder / "journal.db"), folder / "spool", folder / "head")
        folder.mkdir()
        async with city.migrating:
            journal = await asyncio.to_thread(Journal.open, places, Registry(TYPES, PROMISES), versions=VERSIONS)
        proxy = Proxy(city.centre.port("ami"))
        return cls(city, incident, calling, journal, proxy, await proxy.start())

    async def close(self) -> None:
        for life in self.lives:
            await life.end()
        for call in self.calls():
            if call.stage is not Stage.ENDED:
                call.vanish()
        self.proxy.close()
        await asyncio.to_thread(self.journal.close)

    def _committed(self, _: tuple[Fact, ...]) -> None:
        self._loop.call_soon_threadsafe(self._changed.set)

    # What people do.

    def line(self, *behaviours: Behaviour) -> str:
        """A new duty line; the next call meets the next behaviour, the last stays."""
        number = self.city.number()
        self.city.switchboard.connect(number, *behaviours)
        self.numbers.append(number)
        return number

    async def order(
        self,
        *lines: str,
        department: str = "fire",
        ring: Ring = Ring.IN_TURN,
        text: str = SHORT,
        other: str = "",
        **more: Any,
    ) -> Order:
        """An order to a department by these lines; `ring_s`, `tries`, `wait_s` are the lines', others the draft's.

        With `other` it is of another incident.
        """
        incident = f"{self.incident}.{other}" if other else self.incident
        settings: dict[str, Any] = {"ring_s": 30, "tries": 3, "wait_s": 0}
        settings = {key: more.pop(key, value) for key, value in settings.items()}
        ladder = Ladder(ring=ring, lines=tuple(DutyLine(number=line, **settings) for line in lines))
        values = {"deadline_s": 120, "prompt_s": PROMPT_S, "priority": 5} | more
        draft = OrderDraft("fire", Language.ZH, text, ladder, **values)
        issued = await self.journal.decide(
            lambda unit: store.issue(unit, incident, [draft], utc_now(), "20261125", "zhang-wei", once=False)
        )
        assert not isinstance(issued, Refusal)
        (order,) = issued.value
        self.orders.append(order)
        if self.lives and not self.lives[-1].dead:
            self.lives[-1].notifier.issued((order,))
        return order

    async def live(self, *moments: str, cut: bool = False) -> Life:
        """The next life of the engine; at these moments it dies, or its wire is cut."""
        place = self.city.centre.state / "log" / "asterisk" / "cel-custom" / "cel.csv"
        await self.journal.decide(lambda _: None)  # in a process that dies, what is being committed is, or is not
        life = Life(self, self._port, place, moments, cut=cut)
        self.lives.append(life)
        life.begin()
        return life

    async def linked(self) -> None:
        """Wait until the present life has taken over, and can act."""
        life = self.lives[-1]
        await self.until("it has a link", lambda: life.notifier.ready and life.link.up)

    async def rings(self, order: Order) -> None:
        """Wait until the present life knows that a telephone rings for it, told or found."""
        notifier = self.lives[-1].notifier

        def ringing() -> bool:
            attempts = (each for view in notifier.orders() if view.id == order.id for each in view.attempts)
            return any(each.state is AttemptState.RINGING for each in attempts)

        await self.until("it is known to ring", ringing)

    async def wish(self, kind: type[Any], order: Order, **more: str) -> None:
        """A dispatcher wants something, and gets it."""
        wanted = kind(wish=f"w{next(self._wishes)}", order=order.id, by="zhang-wei", **more)
        await self.lives[-1].notifier.wish(wanted)

    async def died(self) -> None:
        """Wait until the present life has."""
        life = self.lives[-1]
        await self.until(f"it dies: {life.fatal}", lambda: life.dead)

    # What is seen.

    def calls(self, *numbers: str) -> list[IncomingCall]:
        """What came to these lines, or to all."""
        return [call for number in numbers or self.numbers for call in self.city.switchboard.calls(number)]

    async def called(self, number: str, times: int = 1) -> IncomingCall:
        return await self.city.switchboard.called(number, times, WITHIN)

    def facts(self, order: Order, *types: str) -> list[Fact]:
        """What stands in the journal of this order."""
        found = facts_about(self.journal.reader, "order", order.id)
        return [each for each in found if not types or each.type in types]

    def outcomes(self, order: Order) -> list[tuple[str, str]]:
        """Attempts that are over, by line, and what became of them."""
        lines = {each.id: each.line for each in self.stored(order).attempts}
        ended = self.facts(order, "AttemptEnded")
        return [(lines[each.subjects["attempt"]], each.body["outcome"]) for each in ended]

    async def fact(self, order: Order, type: str) -> Fact:
        """Wait until this stands in the journal."""
        found: list[Fact] = await self.until(f"{type} of {order.id}", lambda: self.facts(order, type))
        return found[0]

    async def until(self, what: str, ask: Callable[[], Any], within: float = WITHIN) -> Any:
        """Wait until this is something; gives it."""
        try:
            async with asyncio.timeout(within):
                while not (answer := ask()):
                    self._changed.clear()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(0.2):  # telephones and lives change without a fact
                            await self._changed.wait()
                return answer
        except TimeoutError:
            raise AssertionError(f"not in {within} s: {what}") from None

    async def settled(self, *orders: Order, state: str = "acknowledged") -> None:
        """Wait until these orders are so far, all their calls over, and nothing of them is noted in Asterisk."""
        for order in orders:
            await self.until(f"{order.id} is {state} and over", partial(self._is_over, order, state))
        async with asyncio.timeout(WITHIN):
            while noted := await self._noted():
                self.left = noted
                await asyncio.sleep(0.1)
        self.left = ""
        assert audit(self.journal.reader, utc_now(), timedelta(seconds=5)) == ()

    def stored(self, order: Order) -> StoredOrder:
        with self.journal.reader.connect() as connection:
            return rows.load(connection, [order.id])[order.id]

    def _is_over(self, order: Order, state: str) -> bool:
        stored = self.stored(order)
        return stored.state == state and all(each.ended for each in stored.attempts)

    async def _noted(self) -> str:
        shown = await self.city.centre.manager.command("database show LD attempt")
        return "\n".join(line for line in shown.splitlines() if f"/{self.incident}." in line)

    # What holds whatever has happened.

    async def faultless(self, order: Order) -> None:
        """Nobody was called whom nothing decided, nor again without the words for it; it was acknowledged once."""
        decided = {each.subjects["attempt"]: each for each in self.facts(order, "AttemptDecided")}
        assert len(self.facts(order, "Acknowledged")) <= 1
        for number in self.numbers:
            for one, other in pairwise(self.calls(number)):
                ended = one.time_of(What.ENDED)
                assert ended is not None, f"{number} was called twice at a time"
                assert ended <= other.history[0].at, f"{number} was called twice at a time"
            heard = taken = False
            for call in self.calls(number):
                attempt = call.caller_name
                if attempt not in decided:
                    continue
                assert not taken, f"{number} had taken it, and is called again"
                assert decided[attempt].body["repeats"] or not heard, f"{number} is not told that it repeats"
                heard = heard or call.time_of(What.ANSWERED) is not None
                taken = taken or pressed(call).startswith("1")
        known = {each.subjects["attempt"] for other in self.orders for each in self.facts(other, "AttemptDecided")}
        assert {call.caller_name for call in self.calls()} <= known

    def story(self) -> str:
        """All that is known, for who has to find out why a test has failed."""
        lines = [f"== {self.incident}: {len(self.lives)} lives; noted: {self.left}"]
        for order in self.orders:
            lines += [f"{each.time:%M:%S.%f} {each.type} {dict(each.body)}" for each in self.facts(order)]
        lines += [f"{line} {each}" for line in self.numbers for call in self.calls(line) for each in call.history]
        return "\n".join([*lines, *(f"{n}: {each}" for n, life in enumerate(self.lives) for each in life.said)])
