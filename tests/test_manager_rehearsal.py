"""The Exchange that needs no Asterisk behaves as the real one does, as far as it goes."""

import pytest

from config.secret import Secret
from telephony.manager.event import Reach
from telephony.manager.exchange import Exchange, Gap, Place, Why
from telephony.manager.link import ManagerLink
from telephony.manager.outcome import Answered, LinkLost, Outcome, Refused
from telephony.manager.rehearsal import Act, RehearsedExchange
from telephony.manager.snapshot import Snapshot


def both(exchange: Exchange) -> Exchange:
    """Both fit the port: the type checker looks at this."""
    return exchange


async def test_the_real_one_and_the_rehearsed_one_fit_the_same_port() -> None:
    assert both(RehearsedExchange())
    assert both(ManagerLink("127.0.0.1", 9, "x", Secret("x")))


async def test_it_tells_what_it_is_told_and_remembers_what_it_is_asked() -> None:
    exchange = RehearsedExchange()
    exchange.tell(Gap(Why.LINK))
    assert await exchange.next() == Gap(Why.LINK)
    assert await exchange.redirect("a.1", Place("offer", "1+seat-01+10")) == Answered(None)
    assert await exchange.hang_up("a.1") == Answered(None)
    assert exchange.acts == [
        Act("redirect", ("a.1", Place("offer", "1+seat-01+10"))),
        Act("hang_up", ("a.1", 16)),
    ]


async def test_a_caller_is_woken_and_told_and_a_look_finds_what_the_test_says() -> None:
    exchange = RehearsedExchange()
    assert await exchange.look() == Answered(Snapshot((), (), {}, {}, {}))
    exchange.sight = Snapshot((), (), {"seat-01": Reach.REACHABLE}, {}, {})
    assert await exchange.look() == Answered(exchange.sight)
    assert await exchange.wake("a.1") == Answered(None)
    assert await exchange.announce("a.1", "place-2") == Answered(None)
    assert await exchange.say("a.1", 7, "thanks") == Answered(None)
    assert exchange.acts == [
        *(Act("look", ()), Act("look", ())),
        *(Act("wake", ("a.1",)), Act("announce", ("a.1", "place-2"))),
        Act("say", ("a.1", 7, "thanks")),
    ]
    exchange.outcomes = {"look": LinkLost()}
    assert await exchange.look() == LinkLost()


async def test_what_is_kept_comes_back_and_what_is_dropped_does_not() -> None:
    exchange = RehearsedExchange()
    assert await exchange.kept("seat-01/person") == Answered(None)
    await exchange.keep("seat-01/person", "张三")
    assert await exchange.kept("seat-01/person") == Answered("张三")
    await exchange.drop("seat-01/person")
    assert await exchange.kept("seat-01/person") == Answered(None)


@pytest.mark.parametrize("outcome", [Refused("No such channel"), LinkLost()])
async def test_an_act_that_is_made_to_fail_changes_nothing(outcome: Outcome[None]) -> None:
    exchange = RehearsedExchange(outcomes={"keep": outcome, "set_variable": outcome})
    assert await exchange.keep("seat-01/person", "x") == outcome
    assert await exchange.set_variable("a.1", "X", "1") == outcome
    assert await exchange.kept("seat-01/person") == Answered(None)
    assert await exchange.variable("a.1", "X") == Answered("")
