"""A caller may give up at any moment, and nothing of him is left.

Each moment is reached by its event, twenty times: a telephone's packet, an event of Asterisk's, or what is heard.
Afterwards there is no channel, no group, no open or ownerless file, no held lock, and every seat rings again.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from phones import Ending, IncomingCall, Outcome, OutgoingCall, Phone, Side, What, answer_at_once, ignore
from tests.centre import Centre, running_centre
from tests.manager import Event

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIMES = 20  # for each moment
SEATS = 4
Moment = Callable[[Centre, Sequence[Phone]], Coroutine[None, None, None]]

LOCK_S = 3.0  # so long Asterisk waits for a lock that another channel holds, and then goes on without it
LOCK_TRIES = 3  # a lock that is held makes every call late, a busy machine one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(sounds: Path) -> AsyncIterator[Centre]:
    """A caller for whom no seat is free hears the announcement after a second; no neighbour helps."""
    soon = {"announce_after_s": 1, "overflow_after_s": 600, "turn_s": 0.3}
    with tempfile.TemporaryDirectory(prefix="ld-") as folder:
        async with running_centre(Path(folder), sounds, fallback=soon) as centre:
            yield centre


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seats(running: Centre) -> list[Phone]:
    return [await running.seat(number) for number in range(1, SEATS + 1)]


@pytest_asyncio.fixture(loop_scope="module")
async def centre(running: Centre, seats: list[Phone]) -> AsyncIterator[Centre]:
    """The centre, without the callers of the test before."""
    yield running
    await running.hang_up(*(phone for phone in running.phones if phone not in seats))


# What the moments say.


@dataclass(frozen=True)
class Ringing:
    """A call that every seat rings for."""

    call: OutgoingCall
    at_seats: list[IncomingCall]


async def nobody_calls(centre: Centre, seats: Sequence[Phone]) -> None:
    """Wait until no channel is left, and every seat can be rung."""
    await centre.until("no channel is left", centre.manager.channels, [])
    await centre.no_groups()
    for seat in seats:
        await centre.free(seat)


async def every_seat_rings(centre: Centre, seats: Sequence[Phone]) -> Ringing:
    """Let a caller come to whom nobody is in the way, and wait until his call rings everywhere."""
    await nobody_calls(centre, seats)
    caller = await centre.caller()
    for seat in seats:
        seat.policy = ignore()
    call = await caller.dial("119")
    at_seats = [await ringing_at(seat, caller) for seat in seats]
    return Ringing(call, at_seats)


async def ringing_at(seat: Phone, caller: Phone) -> IncomingCall:
    """This caller's call at this seat, ringing."""
    while (call := await seat.incoming()).caller != caller.user:
        pass
    await call.ringing()
    return call


async def joined(centre: Centre, caller: Phone, call: OutgoingCall) -> None:
    """Wait until this caller is joined to a seat."""

    def to_one_another(event: Event) -> bool:
        two = event.get("Event") == "BridgeEnter" and event["BridgeNumChannels"] == "2"
        return two and caller.user in (event["CallerIDNum"], event["ConnectedLineNum"])

    await centre.manager.wait(to_one_another)
    await call.answered()


async def hears_the_announcement(centre: Centre) -> tuple[Phone, OutgoingCall]:
    """A caller who waits."""
    caller = await centre.caller()
    call = await caller.dial("119")
    await call.answered()
    await call.hears_something()
    await centre.until("the dialplan waits", lambda: application_of(caller, centre), "WaitExten")
    return caller, call


async def application_of(caller: Phone, centre: Centre) -> str:
    """What the dialplan does for this caller now."""
    rows = [row.split("!") for row in (await centre.manager.command("core show channels concise")).splitlines()]
    (application,) = (row[5] for row in rows if len(row) > 7 and row[7] == caller.user)
    return application


async def cancelled(call: OutgoingCall) -> None:
    """Refused as asked; or an answer was quicker than the CANCEL, and hung up."""
    outcome = await call.ended()
    assert (outcome.ending, outcome.by) == (Ending.CANCELLED, Side.ME)
    assert (outcome.status, outcome.crossed) in ((487, False), (200, True))


async def released(at_seats: Sequence[IncomingCall]) -> list[Outcome]:
    """How the seats were let go: by the other side, all of them."""
    outcomes = [await each.ended() for each in at_seats]
    assert {outcome.by for outcome in outcomes} == {Side.OTHER}
    return outcomes


async def crossed(ringing: Ringing) -> None:
    """The CANCEL and the first seat's answer have met: both sides are over, and the other seats never had it."""
    await cancelled(ringing.call)
    endings = [outcome.ending for outcome in await released(ringing.at_seats)]
    assert endings == [Ending.HUNG_UP] + [Ending.CANCELLED] * (SEATS - 1)


# The moments. Each brings one caller there and lets him give up.


async def with_his_invite(centre: Centre, seats: Sequence[Phone]) -> None:
    caller = await centre.caller()
    call = await caller.dial("119")
    await call.cancel()  # goes out with the 100: RFC 3261 section 9.1
    await cancelled(call)


async def when_told_that_it_is_tried(centre: Centre, seats: Sequence[Phone]) -> None:
    caller = await centre.caller()
    call = await caller.dial("119")
    await call.trying()
    await call.cancel()
    await cancelled(call)


async def before_a_seat_rings(centre: Centre, seats: Sequence[Phone]) -> None:
    caller = await centre.caller()
    call = await caller.dial("119")
    await call.ringing()  # the 183, which the dialplan sends before it looks for a seat
    await call.cancel()
    await cancelled(call)


async def while_seats_ring(centre: Centre, seats: Sequence[Phone]) -> None:
    ringing = await every_seat_rings(centre, seats)
    await ringing.call.cancel()
    assert (await ringing.call.ended()).status == 487
    assert {outcome.ending for outcome in await released(ringing.at_seats)} == {Ending.CANCELLED}


async def as_a_seat_answers(centre: Centre, seats: Sequence[Phone]) -> None:
    ringing = await every_seat_rings(centre, seats)
    await ringing.at_seats[0].answer()
    await ringing.call.cancel()  # in the same step of the event loop: Asterisk has seen neither
    await crossed(ringing)


async def just_before_a_seat_answers(centre: Centre, seats: Sequence[Phone]) -> None:
    ringing = await every_seat_rings(centre, seats)
    await ringing.call.cancel()
    await ringing.at_seats[0].answer()  # in the same step of the event loop
    await crossed(ringing)


async def as_the_answer_is_on_its_way_to_him(centre: Centre, seats: Sequence[Phone]) -> None:
    ringing = await every_seat_rings(centre, seats)
    answering = ringing.at_seats[0]
    await answering.answer()
    await answering.acknowledged()
    await ringing.call.hang_up()  # CANCEL, or BYE when the 200 was quicker
    assert (await ringing.call.ended()).by is Side.ME
    await released(ringing.at_seats)
    assert answering.time_of(What.BYE_CAME)


async def as_the_two_are_joined(centre: Centre, seats: Sequence[Phone]) -> None:
    for seat in seats:
        seat.policy = answer_at_once()
    caller = await centre.caller()
    call = await caller.dial("119")
    await joined(centre, caller, call)
    await call.hang_up()
    outcome = await call.ended()
    assert (outcome.ending, outcome.by) == (Ending.HUNG_UP, Side.ME)


async def while_he_waits(centre: Centre, seats: Sequence[Phone]) -> None:
    _, call = await hears_the_announcement(centre)
    await call.hang_up()
    outcome = await call.ended()
    assert (outcome.ending, outcome.by) == (Ending.HUNG_UP, Side.ME)


async def in_the_menu(centre: Centre, seats: Sequence[Phone]) -> None:
    caller, call = await hears_the_announcement(centre)
    await call.send_keys("5")
    await centre.until("the menu asks for a key", lambda: application_of(caller, centre), "Read")
    await call.hears_something()
    await call.hang_up()
    outcome = await call.ended()
    assert (outcome.ending, outcome.by) == (Ending.HUNG_UP, Side.ME)


# What is left.


@asynccontextmanager
async def every_seat_talking(centre: Centre, seats: Sequence[Phone]) -> AsyncIterator[None]:
    """No seat is free until the block ends."""
    for seat in seats:
        seat.policy = answer_at_once()
    callers = [await centre.caller() for _ in seats]
    calls = [await caller.dial("119") for caller in callers]
    for caller, call in zip(callers, calls, strict=True):
        await joined(centre, caller, call)
    yield
    for call in calls:
        assert call.outcome is None
        await call.hang_up()


async def nothing_is_left(centre: Centre, seats: Sequence[Phone]) -> None:
    await centre.spotless()
    for seat in seats:
        for call in seat.calls:
            await call.ended()
    for _ in range(LOCK_TRIES):
        late_s = await latest_ring(centre, seats)
        if late_s < LOCK_S:
            break
    assert late_s < LOCK_S, "a seat's lock was held"
    assert [surprise for phone in centre.phones for surprise in phone.unexpected] == []


async def latest_ring(centre: Centre, seats: Sequence[Phone]) -> float:
    """How long after the dialling the last seat was called; the caller gives up then."""
    ringing = await every_seat_rings(centre, seats)
    dialled = ringing.call.time_of(What.DIALLED)
    called = [at_seat.time_of(What.CALLED) for at_seat in ringing.at_seats]
    assert dialled is not None
    await ringing.call.cancel()
    await released(ringing.at_seats)
    await nobody_calls(centre, seats)
    return max(at - dialled for at in called if at is not None)


async def give_up(centre: Centre, seats: Sequence[Phone], moment: Moment, at_once: int) -> None:
    """Twenty callers give up at this moment, so many of them at once."""
    for _ in range(TIMES // at_once):
        async with asyncio.TaskGroup() as together:
            for _ in range(at_once):
                together.create_task(moment(centre, seats))


@pytest.mark.parametrize(
    ("moment", "at_once"),
    [
        (with_his_invite, 4),
        (when_told_that_it_is_tried, 4),
        (before_a_seat_rings, 4),
        (while_seats_ring, 1),
        (as_a_seat_answers, 1),
        (just_before_a_seat_answers, 1),
        (as_the_answer_is_on_its_way_to_him, 1),
        (as_the_two_are_joined, 4),
    ],
)
async def test_a_caller_who_gives_up_leaves_nothing(
    centre: Centre, seats: list[Phone], moment: Moment, at_once: int
) -> None:
    await give_up(centre, seats, moment, at_once)
    await nothing_is_left(centre, seats)


@pytest.mark.parametrize("moment", [while_he_waits, in_the_menu])
async def test_a_caller_who_gives_up_when_every_seat_talks_leaves_nothing_and_disturbs_nobody(
    centre: Centre, seats: list[Phone], moment: Moment
) -> None:
    async with every_seat_talking(centre, seats):
        await give_up(centre, seats, moment, at_once=10)
    await nothing_is_left(centre, seats)
