"""The notifier on a real journal: what is decided is on disk before it is done, and whatever fails, it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from dispatch import fact, wish
from dispatch.edge import acting, notifier
from dispatch.edge.pulse import Pulse
from dispatch.ladder import Ring
from dispatch.notification import NotificationState
from dispatch.order import Order, OrderState
from dispatch.outcome import Outcome
from intake.edge.desk import NotGranted
from intake.table import Bug
from journal import NotCommitted, new_id
from journal.instant import utc_now
from telephony.department import back_noted, end_noted, key_noted
from telephony.manager import event as told
from telephony.manager.exchange import Gap, Why
from telephony.manager.outcome import Answered, LinkLost, Refused, TimedOut
from tests.edge_room import WITHIN_S, until
from tests.notifier_room import TEXT, Room, notifier_room


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A voice is waited for as long as a test holds it."""
    monkeypatch.setattr(acting, "SPEECH_S", 60.0)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with notifier_room(tmp_path) as opened:
        yield opened


def cancel(order: Order) -> wish.Cancel:
    return wish.Cancel(new_id(), order.id, "zhang-wei")


# --- an order --------------------------------------------------------------------------------------------------------


async def test_an_order_is_spoken_dialled_and_taken_by_a_key(room: Room) -> None:
    order = await room.issue()
    (attempt,) = await room.dialled()
    (dial,) = room.exchange.dials
    assert (dial.dial, dial.ring_s, dial.caller_number) == ("PJSIP/1@city", 20, "87000000")
    assert dial.variables["LD_TEXT"] == f"/spoken/zh-{len(TEXT)}" and dial.variables["LD_CODE"] != ""
    assert dial.variables["LD_REPEATS"] == ""
    room.rings(attempt)
    room.picks_up(attempt)
    room.presses(attempt, "1")
    await room.said(attempt, "thanks")
    now = await room.on_disk(order, lambda each: each.state is NotificationState.ACKNOWLEDGED)
    assert (now.acknowledged_by, now.progress) == (attempt, OrderState.ACKNOWLEDGED)
    room.ends(attempt)
    await room.attempt(order, 1, lambda each: each.ended)
    await until(lambda: room.exchange.database == {})
    story = await room.story(order)
    assert [each for each in story if each in ("AttemptDecided", "Acknowledged", "AttemptEnded")] == [
        "AttemptDecided",
        "Acknowledged",
        "AttemptEnded",
    ]
    assert {"AttemptRang", "AttemptAccepted", "KeyPressed"} <= set(story)
    assert room.told == []


async def test_a_busy_line_is_followed_by_the_next_one_at_once(room: Room) -> None:
    order = await room.issue()
    (first,) = await room.dialled()
    room.rings(first)
    room.ends(first, cause=17)
    await room.dialled(2)
    assert [each.dial for each in room.exchange.dials] == ["PJSIP/1@city", "PJSIP/2@city"]
    assert (await room.attempt(order, 1, lambda each: each.ended)).outcome is Outcome.BUSY


async def test_nothing_is_dialled_before_it_is_on_disk(room: Room) -> None:
    room.journal.held = asyncio.Event()
    order = await room.issue()
    await room.settled()
    assert room.exchange.dials == [] and room.voice.wanted == []
    assert room.notifier.figures()["dispatch_unwritten"] == 1
    room.journal.held.set()
    await room.dialled()
    now = await room.on_disk(order, lambda each: each.attempts)
    assert [each.id for each in now.attempts] == [room.exchange.dials[0].channel_id]


async def test_nobody_is_thanked_before_it_is_on_disk_and_the_others_ring_on_until_then(room: Room) -> None:
    await room.issue(ring=Ring.ANY_ONE)
    first, second = await room.dialled(2)
    for attempt in (first, second):
        room.rings(attempt)
    room.picks_up(first)
    await room.quiet()
    room.journal.held = asyncio.Event()
    room.presses(first, "1")
    await room.settled()
    assert room.exchange.done("say") == [] and room.exchange.done("hang_up") == []
    room.journal.held.set()
    await room.said(first, "thanks")
    await until(lambda: room.exchange.done("hang_up") == [(second, 16)])


async def test_two_officers_who_press_within_one_moment_are_thanked_once(room: Room) -> None:
    order = await room.issue(ring=Ring.ANY_ONE)
    first, second = await room.dialled(2)
    for attempt in (first, second):
        room.rings(attempt)
        room.picks_up(attempt)
    room.presses(second, "1")
    room.presses(first, "1")
    await room.said(second, "thanks")
    await room.said(first, "taken")
    assert {each[2] for each in room.exchange.done("say")} == {"taken", "thanks"}
    assert len(room.exchange.done("say")) == 2
    assert (await room.on_disk(order, lambda each: not each.open)).acknowledged_by == second


# --- before the dial -------------------------------------------------------------------------------------------------


async def test_an_order_that_is_cancelled_while_its_text_is_spoken_is_never_dialled(room: Room) -> None:
    room.voice.held[TEXT] = asyncio.Event()
    order = await room.issue()
    await until(lambda: TEXT in room.voice.wanted)
    await room.notifier.wish(cancel(order))
    await room.settled()
    room.voice.held[TEXT].set()
    await until(lambda: room.notifier.figures()["attempts_live"] == 0)
    await room.quiet()
    assert room.exchange.dials == []
    assert room.stored(order) is None, "it is over, and so is its attempt"
    (ended,) = [each for each in await room.facts(order) if each.type == "AttemptEnded"]
    assert ended.body["outcome"] == Outcome.STOPPED.value


async def test_what_cannot_be_spoken_is_dialled_all_the_same(room: Room) -> None:
    room.voice.mute = True
    await room.issue()
    await room.dialled()
    (dial,) = room.exchange.dials
    assert dial.variables["LD_TEXT"] == ""
    assert room.notifier.figures()["orders_unspoken"] > 0


async def test_a_voice_that_is_slow_goes_on_while_the_telephone_rings(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting, "SPEECH_S", 0.02)
    room.voice.held[TEXT] = asyncio.Event()
    await room.issue()
    await room.dialled()
    assert room.exchange.dials[0].variables["LD_TEXT"] == f"/spoken/zh-{len(TEXT)}"


async def test_a_text_that_hangs_holds_up_nobody_elses_telephone(room: Room) -> None:
    room.voice.held[TEXT] = asyncio.Event()
    await room.issue("1")
    await until(lambda: TEXT in room.voice.wanted)
    await room.issue("3", department="gas", text="燃气泄漏。")
    await room.dialled()
    assert room.exchange.dials[0].dial == "PJSIP/3@city"


async def test_of_many_orders_only_so_many_are_dialled_at_once_and_all_are(room: Room) -> None:
    room.exchange.holds["originate"] = asyncio.Event()
    for number in range(120):
        await room.issue(str(number), department=f"d{number}", tell=False)
    await room.kill()
    await room.begin()
    await until(lambda: len(room.exchange.dials) == acting.AT_ONCE)
    await room.quiet()
    assert len(room.exchange.dials) == acting.AT_ONCE
    room.exchange.holds["originate"].set()
    await until(lambda: len(room.exchange.dials) == 120)
    assert room.exchange.most_at_once == acting.AT_ONCE
    assert len({each.channel_id for each in room.exchange.dials}) == 120


# --- dials that fail -------------------------------------------------------------------------------------------------


async def test_what_asterisk_refuses_to_dial_has_failed_and_the_next_line_follows(room: Room) -> None:
    room.exchange.outcomes["originate"] = Refused("no such technology")
    order = await room.issue(tries=1)
    await room.dialled(2)
    for number in (1, 2):
        assert (await room.attempt(order, number, lambda each: each.ended)).outcome is Outcome.FAILED
    await until(lambda: [each.why.value for each in room.told] == ["exhausted"])
    assert room.notifier.figures()["dispatch_acts_failed"] == 2


@pytest.mark.parametrize("lost", [TimedOut(), LinkLost()])
async def test_a_dial_that_was_not_answered_is_not_repeated_but_asked_for(
    room: Room, lost: TimedOut | LinkLost
) -> None:
    room.exchange.outcomes["originate"] = lost
    order = await room.issue()
    (attempt,) = await room.dialled()
    room.exchange.up[attempt] = room.channel(attempt)  # it was dialled after all
    await until(lambda: room.exchange.done("look"))
    room.rings(attempt)
    room.picks_up(attempt)
    room.presses(attempt, "1")
    await room.on_disk(order, lambda each: each.state is NotificationState.ACKNOWLEDGED)
    assert len(room.exchange.dials) == 1


async def test_a_dial_of_which_nothing_is_found_is_made_again_and_says_that_it_repeats(room: Room) -> None:
    room.exchange.outcomes["originate"] = LinkLost()
    order = await room.issue()
    await room.dialled()
    room.exchange.outcomes.clear()
    _, second = await room.dialled(2)
    assert [each.dial for each in room.exchange.dials] == ["PJSIP/1@city"] * 2
    assert [each.variables["LD_REPEATS"] for each in room.exchange.dials] == ["", "1"]
    assert (await room.attempt(order, 1, lambda each: each.ended)).outcome is Outcome.UNKNOWN
    assert second.endswith("-2")


async def test_what_became_of_it_stands_in_the_log(room: Room) -> None:
    room.exchange.outcomes["originate"] = TimedOut()
    order = await room.issue()
    room.log.ends[f"{order.id}-1"] = Outcome.BUSY
    await room.dialled(2)
    assert (await room.attempt(order, 1, lambda each: each.ended)).outcome is Outcome.BUSY
    assert room.exchange.dials[1].dial == "PJSIP/2@city"


async def test_while_the_log_cannot_be_read_nothing_is_believed_and_it_is_asked_again(room: Room) -> None:
    room.log.broken = True
    room.exchange.outcomes["originate"] = TimedOut()
    order = await room.issue()
    await until(lambda: len(room.log.asked) >= 2)
    assert len(room.exchange.dials) == 1
    room.log.ends[f"{order.id}-1"] = Outcome.REJECTED
    room.log.broken = False
    assert (await room.attempt(order, 1, lambda each: each.ended)).outcome is Outcome.REJECTED


async def test_a_look_that_is_not_answered_is_repeated_until_it_is(room: Room) -> None:
    room.exchange.outcomes |= {"originate": TimedOut(), "look": LinkLost()}
    order = await room.issue()
    await until(lambda: len(room.exchange.done("look")) >= 2)
    assert len(room.exchange.dials) == 1
    room.log.ends[f"{order.id}-1"] = Outcome.NO_ANSWER
    del room.exchange.outcomes["look"]
    await room.attempt(order, 1, lambda each: each.ended)


async def test_what_is_not_dialled_yet_is_never_found_absent_however_long_it_takes(room: Room) -> None:
    room.voice.held[TEXT] = asyncio.Event()
    order = await room.issue("1")
    await until(lambda: TEXT in room.voice.wanted)
    room.hear(Gap(Why.LINK), room.exchange.seen())
    await until(lambda: len(room.exchange.done("look")) >= 3)  # far longer than it takes to believe it
    assert room.stored(order) is not None and room.exchange.dials == []
    room.exchange.holds["originate"] = asyncio.Event()
    room.voice.held[TEXT].set()
    await room.dialled()
    looks = len(room.exchange.done("look"))
    await until(lambda: len(room.exchange.done("look")) >= looks + 2)
    room.exchange.holds["originate"].set()
    (attempt,) = await room.dialled()
    room.rings(attempt)
    room.picks_up(attempt)
    room.presses(attempt, "1")
    now = await room.on_disk(order, lambda each: each.state is NotificationState.ACKNOWLEDGED)
    assert len(now.attempts) == len(room.exchange.dials) == 1


async def test_a_look_that_was_begun_before_the_dial_and_answered_after_it_tells_nothing(room: Room) -> None:
    room.voice.held[TEXT] = asyncio.Event()
    room.exchange.holds["look"] = asyncio.Event()
    order = await room.issue("1")
    await until(lambda: TEXT in room.voice.wanted)
    room.hear(Gap(Why.LINK), room.exchange.seen())
    await until(lambda: room.exchange.done("look"))
    await asyncio.sleep(room.calling.settle_s)
    room.voice.held[TEXT].set()
    (attempt,) = await room.dialled()
    room.exchange.up[attempt] = room.channel(attempt)
    room.exchange.holds["look"].set()
    await room.quiet()
    now = await room.on_disk(order, lambda each: each.attempts)
    assert [each.ended for each in now.attempts] == [False]


# --- stopping --------------------------------------------------------------------------------------------------------


async def test_an_order_that_is_cancelled_while_it_is_dialled_is_hung_up_as_soon_as_it_can_be(room: Room) -> None:
    room.exchange.holds["originate"] = asyncio.Event()
    order = await room.issue()
    (attempt,) = await room.dialled()
    await room.notifier.wish(cancel(order))
    await room.settled()
    assert room.exchange.done("hang_up") == [], "there is nothing yet to be hung up"
    room.exchange.holds["originate"].set()
    await until(lambda: room.exchange.done("hang_up") == [(attempt, 16)])


async def test_a_channel_that_asterisk_is_only_making_is_hung_up_when_it_is_there(room: Room) -> None:
    order = await room.issue()
    (attempt,) = await room.dialled()
    await room.settled()
    room.exchange.outcomes["hang_up"] = Refused("No such channel")
    await room.notifier.wish(cancel(order))
    await until(lambda: len(room.exchange.done("hang_up")) >= 2)
    del room.exchange.outcomes["hang_up"]
    room.rings(attempt)
    before = len(room.exchange.done("hang_up"))
    await until(lambda: len(room.exchange.done("hang_up")) > before)
    room.ends(attempt)
    await room.quiet()
    assert room.stored(order) is None, "it is over, and so is its attempt"


async def test_a_channel_that_is_gone_is_not_hung_up_twice(room: Room) -> None:
    order = await room.issue()
    (attempt,) = await room.dialled()
    room.rings(attempt)
    room.exchange.outcomes["hang_up"] = Refused("No such channel")
    await room.notifier.wish(cancel(order))
    await until(lambda: room.exchange.done("hang_up"))
    room.ends(attempt)
    await room.quiet()
    assert len(room.exchange.done("hang_up")) == 1


# --- wishes ----------------------------------------------------------------------------------------------------------


async def test_a_wish_is_granted_when_it_is_on_disk(room: Room) -> None:
    order = await room.issue()
    await room.dialled()
    await room.quiet()
    room.journal.held = asyncio.Event()
    wished = asyncio.create_task(room.notifier.wish(wish.TakeWord(new_id(), order.id, "zhang-wei")))
    await room.settled()
    assert not wished.done()
    room.journal.held.set()
    await wished
    assert (await room.on_disk(order, lambda each: True)).state is NotificationState.ACKNOWLEDGED


async def test_a_wish_that_cannot_be_says_why(room: Room) -> None:
    with pytest.raises(NotGranted) as refused:
        await room.notifier.wish(wish.Again(new_id(), "i9.fire.1", "zhang-wei"))
    assert refused.value.code == "no_such_order"


async def test_a_wish_is_not_granted_before_the_life_and_when_it_ends(tmp_path: Path) -> None:
    async with notifier_room(tmp_path, begin=False) as room:
        with pytest.raises(NotGranted) as refused:
            await room.notifier.wish(wish.Close(new_id(), "i1", "zhang-wei"))
        assert refused.value.code == "not_ready"
        await room.begin()
        order = await room.issue()
        await room.dialled()
        room.journal.held = asyncio.Event()
        wished = asyncio.create_task(room.notifier.wish(cancel(order)))
        await room.settled()
        await room.kill()
        with pytest.raises(NotGranted) as refused:
            await wished
        assert refused.value.code == "not_ready"


async def test_who_does_not_wait_for_his_wish_is_not_answered_and_it_is_done(room: Room) -> None:
    order = await room.issue()
    await room.dialled()
    room.journal.held = asyncio.Event()
    wished = asyncio.create_task(room.notifier.wish(wish.TakeWord(new_id(), order.id, "zhang-wei")))
    await room.settled()
    wished.cancel()
    await asyncio.wait([wished])
    room.journal.held.set()
    await room.on_disk(order, lambda each: each.state is NotificationState.ACKNOWLEDGED)


# --- lives -----------------------------------------------------------------------------------------------------------


async def test_what_is_issued_before_the_life_has_begun_is_taken_once_it_has(tmp_path: Path) -> None:
    async with notifier_room(tmp_path, begin=False) as room:
        room.notifier = room.new()
        order = await room.issue()
        assert list(room.notifier.orders()) == []
        room.running = asyncio.create_task(room.notifier.run())
        assert await room.dialled() == [f"{order.id}-1"]


async def test_an_order_that_is_told_twice_is_called_once(room: Room) -> None:
    order = await room.issue()
    await room.dialled()
    room.notifier.issued((order,))
    room.notifier.issued(())
    await room.quiet()
    await room.dialled()


async def test_an_order_that_is_over_and_is_told_again_before_that_is_on_disk_is_not_called_again(room: Room) -> None:
    order = await room.issue()
    (attempt,) = await room.dialled()
    room.rings(attempt)
    await room.quiet()
    room.journal.held = asyncio.Event()
    wished = asyncio.create_task(room.notifier.wish(cancel(order)))
    await room.settled()
    room.ends(attempt)
    assert list(room.notifier.orders()) == []
    room.notifier.issued((order,))
    room.journal.held.set()
    await wished
    await room.quiet()
    assert list(room.notifier.orders()) == [] and len(room.exchange.dials) == 1


async def test_a_new_life_finds_the_telephone_that_rings_and_dials_nobody(room: Room) -> None:
    order = await room.issue()
    (attempt,) = await room.dialled()
    room.rings(attempt)
    await room.kill()
    await room.begin()
    await until(lambda: room.exchange.done("look"))
    await room.settled()
    room.picks_up(attempt)
    room.presses(attempt, "1")
    await room.said(attempt, "thanks")
    assert (await room.on_disk(order, lambda each: not each.open)).acknowledged_by == attempt
    assert len(room.exchange.dials) == 1


@pytest.mark.parametrize("first", ["originated", "ended"])
async def test_a_new_life_hears_what_became_of_a_call_of_the_last_one(room: Room, first: str) -> None:
    order = await room.issue()
    (attempt,) = await room.dialled()
    room.rings(attempt)
    await room.kill()
    await room.begin()
    await until(lambda: room.exchange.done("look"))
    await room.settled()
    ringing = room.exchange.up.pop(attempt)
    news: list[told.Event] = [
        told.Originated(utc_now(), attempt, told.DialOutcome.FAILED),
        told.Ended(utc_now(), ringing, 17),
    ]
    room.hear(*(news if first == "originated" else reversed(news)))
    assert (await room.attempt(order, 1, lambda each: each.ended)).outcome is Outcome.BUSY
    await room.dialled(2)


async def test_a_key_that_was_pressed_while_nobody_lived_counts_and_its_note_stays_until_that_is_on_disk(
    room: Room,
) -> None:
    order = await room.issue()
    (attempt,) = await room.dialled()
    room.rings(attempt)
    room.picks_up(attempt)
    await room.quiet()
    await room.kill()
    room.exchange.up.clear()
    room.exchange.database |= {key_noted(attempt): "1", end_noted(attempt): "hung-up"}
    room.journal.held = asyncio.Event()
    await room.begin()
    room.hear(room.exchange.seen())
    await until(lambda: room.notifier.figures()["dispatch_unwritten"])
    await room.settled()
    assert set(room.exchange.database) == {key_noted(attempt), end_noted(attempt)}
    room.journal.held.set()
    now = await room.on_disk(order, lambda each: each.state is NotificationState.ACKNOWLEDGED)
    assert now.acknowledged_by == attempt
    await until(lambda: room.exchange.database == {})
    assert len(room.exchange.dials) == 1


async def test_who_took_an_order_and_took_it_back_while_nobody_lived_is_told_of_and_no_note_remains(room: Room) -> None:
    order = await room.issue()
    (attempt,) = await room.dialled()
    room.rings(attempt)
    room.picks_up(attempt)
    await room.quiet()
    await room.kill()
    room.exchange.up.clear()
    room.exchange.database |= {key_noted(attempt): "1", back_noted(attempt): "9", end_noted(attempt): "hung-up"}
    await room.begin()
    now = await room.on_disk(order, lambda each: each.state is NotificationState.ACKNOWLEDGED)
    assert now.acknowledged_by == attempt
    await until(lambda: [each.why.value for each in room.told] == ["taken-back"])
    await until(lambda: room.exchange.database == {})
    assert len(room.exchange.dials) == 1


async def test_notes_stay_while_the_end_of_an_order_is_not_on_disk(room: Room) -> None:
    order = await room.issue()
    (attempt,) = await room.dialled()
    room.rings(attempt)
    room.picks_up(attempt)
    await room.quiet()
    room.journal.trouble = NotCommitted("disk full")
    room.presses(attempt, "1")
    done = wish.Feedback(new_id(), order.id, "f1", "zhang-wei", OrderState.DONE)
    wished = asyncio.create_task(room.notifier.wish(done))
    await room.settled()
    room.ends(attempt)
    assert list(room.notifier.orders()) == [], "the core has done with it"
    room.hear(room.exchange.seen())
    await room.settled()
    assert key_noted(attempt) in room.exchange.database and room.exchange.done("drop") == []
    await room.kill()
    with pytest.raises(NotGranted):
        await wished
    room.journal.trouble = None
    await room.begin()
    now = await room.on_disk(order, lambda each: each.state is NotificationState.ACKNOWLEDGED)
    assert now.acknowledged_by == attempt and len(room.exchange.dials) == 1


async def test_the_last_report_of_an_order_is_done_once_and_sent_again_is_answered_as_done(room: Room) -> None:
    order = await room.issue()
    done = wish.Feedback(new_id(), order.id, "f1", "zhang-wei", OrderState.DONE, "明火已扑灭")
    room.journal.held = asyncio.Event()
    first = asyncio.create_task(room.notifier.wish(done))
    await room.settled()
    assert list(room.notifier.orders()) == [], "the core has done with it, and nothing is on disk"
    again = asyncio.create_task(room.notifier.wish(replace(done, wish=new_id())))
    await room.settled()
    assert not first.done() and not again.done()
    room.journal.held.set()
    await asyncio.gather(first, again)
    await room.kill()
    await room.begin()
    await room.notifier.wish(replace(done, wish=new_id()))
    for other in ({"words": "复燃"}, {"feedback": "f2"}, {"progress": OrderState.ON_SCENE}, {"by": "li-na"}):
        with pytest.raises(NotGranted) as refused:
            await room.notifier.wish(replace(done, wish=new_id(), **other))  # type: ignore[arg-type]
        assert refused.value.code == "no_such_order"
    assert (await room.story(order)).count("FeedbackGiven") == 1


async def test_stale_notes_are_swept_when_asterisk_is_seen_before_or_after_the_life_began(tmp_path: Path) -> None:
    async with notifier_room(tmp_path, begin=False) as room:
        foreign = {"seat-01/person": "zhang-wei", "attempts": "x"}
        stale = {key_noted("i0.fire.1-1"): "1", end_noted("i0.fire.1-1"): "hung-up", "attempt/odd": "1"}
        room.exchange.database |= foreign | stale
        room.notifier = room.new()
        room.hear(room.exchange.seen())
        room.running = asyncio.create_task(room.notifier.run())
        await until(lambda: room.exchange.database == foreign)
        room.exchange.database |= stale
        room.hear(room.exchange.seen())
        await until(lambda: room.exchange.database == foreign)


async def test_after_a_gap_everything_is_asked_for_once_the_link_is_there(room: Room) -> None:
    order = await room.issue()
    (attempt,) = await room.dialled()
    room.rings(attempt)
    room.hear(Gap(Why.LINK))
    await room.settled()
    assert room.exchange.done("look") == []
    room.exchange.database[key_noted(attempt)] = "1"
    room.hear(room.exchange.seen())
    now = await room.on_disk(order, lambda each: each.state is NotificationState.ACKNOWLEDGED)
    assert now.acknowledged_by == attempt


# --- the auditor -----------------------------------------------------------------------------------------------------


async def test_an_order_of_which_nobody_told_is_found_and_called(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await room.issue(tell=False)
    await room.notifier._auditor.look(_pulse(room))
    assert await room.dialled() == [f"{order.id}-1"]
    await room.notifier._auditor.look(_pulse(room))
    await room.quiet()
    await room.dialled()


async def test_an_order_that_is_over_is_not_called_again_while_that_is_not_on_disk(room: Room) -> None:
    order = await room.issue()
    (attempt,) = await room.dialled()
    room.rings(attempt)
    await room.quiet()
    room.journal.trouble = NotCommitted("disk full")
    wished = asyncio.create_task(room.notifier.wish(cancel(order)))
    await room.settled()
    room.ends(attempt)
    for _ in range(3):
        await room.notifier._auditor.look(_pulse(room))
    assert list(room.notifier.orders()) == []
    room.journal.trouble = None
    await wished
    await room.quiet()
    for _ in range(3):
        await room.notifier._auditor.look(_pulse(room))
    assert list(room.notifier.orders()) == [] and len(room.exchange.dials) == 1


async def test_the_auditor_looks_again_and_again_and_tells_of_what_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier, "AUDIT_S", 0.05)
    clock = Wall()
    async with notifier_room(tmp_path, clock=clock) as room:
        order = await room.issue(deadline_s=100)
        await room.dialled()
        await room.quiet()
        assert room.notifier.figures()["promises_broken"] == 0
        room.journal.trouble = NotCommitted("disk full")
        monkeypatch.setattr(room.notifier._auditor, "look", _after(200, room.notifier._auditor.look))
        await until(lambda: room.told)
        assert {(each.order, each.why.value) for each in room.told} == {(order.id, "deadline")}
        assert room.notifier.figures()["promises_broken"] == 1


async def test_an_auditor_who_cannot_read_looks_again(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OperationalError("select", {}, Exception("disk I/O error"))

    monkeypatch.setattr("dispatch.edge.auditor.audit", broken)
    await room.notifier._auditor.look(_pulse(room))


def _pulse(room: Room) -> Pulse:
    pulse = room.notifier._pulse
    assert pulse is not None
    return pulse


def _after(away_s: float, look: Callable[[Pulse], object]) -> Callable[[Pulse], object]:
    """Whoever looks has looked away for so long."""

    def looks(pulse: Pulse) -> object:
        pulse._epoch += away_s
        return look(pulse)

    return looks


# --- time ------------------------------------------------------------------------------------------------------------


class Wall:
    """A wall's clock that can be set."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


@pytest.mark.parametrize("set_s", [-3600, 3600])
async def test_an_order_that_is_issued_after_the_clock_was_set_has_its_whole_time(tmp_path: Path, set_s: int) -> None:
    clock = Wall()
    async with notifier_room(tmp_path, clock=clock) as room:
        before = await room.issue(deadline_s=60)
        await room.dialled()
        clock.ahead = timedelta(seconds=set_s)
        after = await room.issue("3", department="gas", deadline_s=60)
        await room.dialled(2)
        await room.quiet()
        states = {each.id: each.state for each in room.notifier.orders()}
        assert states == {before.id: NotificationState.CALLING, after.id: NotificationState.CALLING}
        due = {each.id: each.due for each in room.notifier.orders()}
        now = _pulse(room).now()
        assert all(each is not None and 40 < each - now <= 60.5 for each in due.values()), (due, now)
        assert room.told == []


async def test_deadlines_come_when_they_are_due(room: Room) -> None:
    order = await room.issue(deadline_s=10)
    await room.dialled()
    assert room.notifier._pulse is not None
    room.notifier._pulse._epoch += 9.9
    room.notifier.hear(told.DeviceChanged(utc_now(), "city", told.Device.FREE))
    await room.issue("3", department="gas")  # whatever happens, the timer is wound
    await until(lambda: [each.why.value for each in room.told] == ["deadline"])
    now = await room.on_disk(order, lambda each: each.told == 1)
    assert now.state is NotificationState.OVERDUE
    assert {each.dial for each in room.exchange.dials} == {"PJSIP/1@city", "PJSIP/2@city", "PJSIP/3@city"}


# --- the end ---------------------------------------------------------------------------------------------------------


async def test_a_bug_while_writing_ends_the_life(tmp_path: Path) -> None:
    async with notifier_room(tmp_path) as room:
        running = room.running
        assert running is not None
        room.journal.trouble = Bug("it contradicts itself")
        await room.issue()
        await asyncio.wait([running], timeout=WITHIN_S)
        error = running.exception()
        assert isinstance(error, ExceptionGroup) and error.subgroup(Bug) is not None
        assert not room.notifier.ready and room.exchange.dials == []
        room.running = None


async def test_a_bug_of_the_core_ends_the_life_and_nothing_is_done_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with notifier_room(tmp_path) as room:
        running = room.running
        assert running is not None
        order = await room.issue()
        (attempt,) = await room.dialled()

        def contradicts(*_: object) -> None:
            raise Bug("it contradicts itself")

        with monkeypatch.context() as patched:
            patched.setattr(room.notifier._core, "handle", contradicts)
            with pytest.raises(Bug):
                room.rings(attempt)
        room.picks_up(attempt)
        room.presses(attempt, "1")
        with pytest.raises(NotGranted):
            await room.notifier.wish(cancel(order))
        await asyncio.wait([running], timeout=WITHIN_S)
        error = running.exception()
        assert isinstance(error, ExceptionGroup) and error.subgroup(Bug) is not None
        assert room.exchange.done("say") == []
        stored = room.stored(order)
        assert stored is not None and stored.open
        room.running = None


async def test_a_life_that_is_cancelled_leaves_nothing_behind(tmp_path: Path) -> None:
    async with notifier_room(tmp_path) as room:
        room.exchange.holds["originate"] = asyncio.Event()
        room.voice.held["燃气泄漏。"] = asyncio.Event()
        await room.issue()
        await room.issue("3", department="gas", text="燃气泄漏。")
        await room.dialled()
        room.journal.held = asyncio.Event()
        await room.issue("4", department="water")
        wished = asyncio.create_task(room.notifier.wish(wish.Close(new_id(), "i1", "zhang-wei")))
        await room.settled()
        await room.kill()
        with pytest.raises(NotGranted):
            await wished
        await room.settled()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert room.notifier._pulse is not None and room.notifier._pulse._timer is None
        room.hear(room.exchange.seen())
        assert list(room.notifier.orders()) == []


async def test_what_happened_is_told_only_by_facts_that_the_journal_takes(room: Room) -> None:
    order = await room.issue()
    (attempt,) = await room.dialled()
    room.rings(attempt)
    room.picks_up(attempt)
    room.presses(attempt, "2")
    room.presses(attempt, "9")
    await room.said(attempt, "next")
    room.ends(attempt)
    await room.attempt(order, 1, lambda each: each.ended)
    kinds = {each.__name__ for each in (*fact.Decided.__args__, *fact.Witnessed.__args__)} | {"OrderIssued"}
    assert set(await room.story(order)) <= kinds
    keys = [each.body["key"] for each in await room.facts(order) if each.type == "KeyPressed"]
    assert keys == ["2", "9"]


async def test_figures_tell_how_it_fares(room: Room) -> None:
    await room.issue()
    await room.dialled()
    await room.quiet()
    figures = room.notifier.figures()
    assert (figures["orders_open"], figures["attempts_live"], figures["dispatch_refused"]) == (1, 1, 0)
    room.exchange.outcomes["drop"] = Answered(None)
