"""A world for the core: departments whose people do anything, an engine that dies anywhere, and the promises that hold.

What is watched here is watched from outside: what telephones heard and what is on disk, not what the core believes.
"""

from collections import Counter
from collections.abc import Iterator

from hypothesis import strategies as st

from dispatch import event, fact, wish
from dispatch.command import Words
from dispatch.event import Sight
from dispatch.ladder import Ring
from dispatch.notification import OPEN, NotificationState
from dispatch.order import Order, OrderState
from dispatch.outcome import Outcome
from dispatch.rehearsal import Call, MemoryStore, Micro
from tests.dispatch_room import Room, order

LINES = "123456"
WISHES = ("cancel", "again", "word", "close", "en-route", "on-scene", "done")

orders_of_a_day = st.lists(
    st.builds(
        lambda lines, ring, tries, priority, deadline_s: (lines, ring, tries, priority, deadline_s),
        st.lists(st.sampled_from(LINES), min_size=1, max_size=3, unique=True),
        st.sampled_from(Ring),
        st.integers(1, 3),
        st.integers(0, 10),
        st.sampled_from((20, 60, 300)),
    ),
    min_size=1,
    max_size=5,
)


def made(drafts: list[tuple[list[str], Ring, int, int, int]]) -> list[Order]:
    """Orders of the drawn kinds, of two incidents."""
    return [
        order(
            f"d{number}", *lines, incident=f"i{number % 2}", ring=ring, tries=tries, priority=priority,
            deadline_s=deadline_s,
        )
        for number, (lines, ring, tries, priority, deadline_s) in enumerate(drafts)
    ]  # fmt: skip


class World(Room):
    """A room in which things happen by themselves, chosen by who draws."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        super().__init__(store=store)
        self.heard: Counter[tuple[str, str]] = Counter()
        """How often somebody, or something, heard an order on a line."""
        self.thanked: list[str] = []
        self.killed = 0
        self._watched: set[str] = set()
        self._names_of_feedback = 0

    # What can happen.

    def people(self) -> list[str]:
        """Everything that people at telephones could do now."""
        acts = []
        for call in self._live():
            line = call.dial.line.key
            if not call.accepted:
                acts += [f"{line} {each}" for each in ("rings", "picks", "busy", "no-answer", "rejected", "failed")]
            elif call.sight is Sight.SPEAKING:
                acts += [f"{line} {each}" for each in ("hears", "press-1", "press-2", "press-9", "press-5", "hangs")]
            elif call.sight is Sight.LISTENING:
                acts += [f"{line} {each}" for each in ("press-1", "press-9", "press-2", "nothing", "hangs")]
            else:
                acts += [f"{line} {each}" for each in ("hangs", "press-1", "press-9")]
        return acts

    def act(self, act: str) -> None:
        """One of those things happens."""
        line, _, what = act.partition(" ")
        match what.partition("-"):
            case ("rings", _, _):
                self.asterisk.rings(line)
            case ("picks", _, _):
                self.asterisk.picks_up(line)
            case ("hears", _, _):
                self.asterisk.hears_all(line)
            case ("press", _, key):
                self.asterisk.presses(line, key)
            case ("nothing", _, _):
                self.asterisk.presses_nothing(line)
            case ("hangs", _, _):
                self.asterisk.hangs_up(line)
            case _:
                self.asterisk.comes_to(line, Outcome(what))
        self.watch()

    def dispatcher(self, what: str, order: str) -> None:
        """The dispatcher, or a department by another way, wants something."""
        self._names_of_feedback += 1
        name = f"w{self._names_of_feedback}"
        match what:
            case "cancel":
                self.hear(wish.Cancel(name, order, "zhang-wei"))
            case "again":
                self.hear(wish.Again(name, order, "zhang-wei"))
            case "word":
                self.hear(wish.TakeWord(name, order, "zhang-wei"))
            case "close":
                self.hear(wish.Close(name, order.partition(".")[0], "zhang-wei"))
            case _:
                self.hear(wish.Feedback(name, order, name, "zhang-wei", OrderState(what)))

    def die(self, *, remembers: bool, gone_s: float, hang_ups: list[str]) -> None:
        """The engine dies, time passes, people hang up meanwhile, and a new life begins."""
        self.killed += 1
        self.kill()
        self.asterisk.remembers = remembers
        for line in hang_ups:
            if self.asterisk.on_line(line) is not None:
                self.asterisk.hangs_up(line)
        self.watch()
        self.asterisk.reports.clear()
        self.now += gone_s
        self.begin()

    def lose(self) -> None:
        """Reports are lost on the way; the link says so when it works again."""
        self.asterisk.reports.clear()
        self.hear(event.Missed())

    # What is watched.

    def watch(self) -> None:
        """Look at every telephone: who hears an order that he may have heard before must be told so."""
        for call in self.asterisk.calls.values():
            key = (call.dial.order, call.dial.line.key)
            if call.accepted and call.dial.attempt not in self._watched:
                self._watched.add(call.dial.attempt)
                if self.heard[key] and not call.dial.repeats:
                    raise AssertionError(f"{call.dial.attempt} repeats on {key} and does not say so")
                self.heard[key] += 1

    def finish(self) -> None:
        """Everything arrives, every line ends, and the longest deadline passes."""
        self.asterisk.reachable = True
        for _ in range(60):
            self.run()
            for call in list(self._live()):
                if call.sight is Sight.CLOSING:
                    self.asterisk.hangs_up(call.dial.line.key)
            self.run()
            self.wind(30)
            self.watch()
        self.run()

    def promises(self) -> Iterator[str]:
        """What is broken of what was promised, now that everything has arrived."""
        rounds = Counter((told.order, told.round) for told in self.facts(fact.Acknowledged))
        yield from (f"{each} is acknowledged {count} times" for each, count in rounds.items() if count > 1)
        told = {each.order for each in self.facts(fact.DispatcherTold) if each.times}
        for id, stored in self.store.orders.items():
            if stored.state in OPEN and id not in told:
                yield f"{id} is lost: nobody acknowledged it, and nobody was told"
            if stored.state in OPEN and self.board.notifications[id].due is None:
                yield f"{id} has no next deadline"
            if any(not each.ended for each in stored.attempts):
                yield f"an attempt of {id} never ended"
        thanked = {each.dial.attempt for each in self.asterisk.calls.values() if Words.THANKS in each.said}
        for attempt in thanked - {each.attempt for each in self.facts(fact.Acknowledged)}:
            yield f"{attempt} was thanked for nothing"
        if any(self.store.orders[each].state is NotificationState.CALLING for each in self.store.orders):
            yield "somebody is called for ever"

    def _live(self) -> Iterator[Call]:
        return (each for each in self.asterisk.calls.values() if each.outcome is None)


def live_a_day(world: World, data: st.DataObject, kills: bool) -> None:
    """Draw what happens next, again and again."""
    orders = made(data.draw(orders_of_a_day))
    issued = 0
    for _ in range(data.draw(st.integers(5, 60))):
        choices: list[str] = [f"edge {micro.value}" for micro in world.ready() for _ in range(4)]
        choices += [f"people {act}" for act in world.people()]
        choices += ["time 0.5", "time 12", "run"]
        choices += ["issue"] * (3 if issued < len(orders) else 0)
        if issued:
            choices += [f"wish {data.draw(st.sampled_from(WISHES))} {orders[issued - 1].id}"]
        if kills:
            choices += ["die", "lose"]
        word, _, rest = data.draw(st.sampled_from(choices)).partition(" ")
        match word:
            case "edge":
                world.make(Micro(rest))
            case "people":
                world.act(rest)
            case "time":
                world.wind(float(rest), run=False)
            case "run":
                world.run()
            case "issue":
                world.issue(orders[issued])
                issued += 1
            case "wish":
                what, _, order = rest.partition(" ")
                world.dispatcher(what, order)
            case "lose":
                world.lose()
            case "die":
                hang_ups = data.draw(st.lists(st.sampled_from(LINES), max_size=3, unique=True))
                world.die(
                    remembers=data.draw(st.booleans()),
                    gone_s=data.draw(st.sampled_from((0.0, 0.3, 5.0, 200.0))),
                    hang_ups=hang_ups,
                )
        world.watch()
