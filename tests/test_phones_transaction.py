"""The four transaction machines of RFC 3261, on a clock that the tests wind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phones.transaction import MACHINES, Input, Output, State, Timers, Transaction

TIMERS = Timers()
KINDS = list(MACHINES)


def _sendings(transaction: Transaction, until: float) -> tuple[list[float], bool]:
    """Wind the clock and return when something was sent again, and whether it was given up."""
    times = []
    while transaction.next_at is not None and transaction.next_at <= until:
        now = transaction.next_at
        what = transaction.due(now)
        assert what is not None
        output = transaction.step(what, now)
        if Output.SEND in output:
            times.append(now)
        if Output.GIVE_UP in output:
            return times, True
    return times, False


def test_an_invite_without_an_answer_is_sent_seven_times_in_32_seconds() -> None:
    times, given_up = _sendings(Transaction(client=True, invite=True, timers=TIMERS, now=0), 100)
    assert times == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]  # and once at 0
    assert given_up


def test_another_request_is_sent_eleven_times_and_never_slower_than_every_4_seconds() -> None:
    times, given_up = _sendings(Transaction(client=True, invite=False, timers=TIMERS, now=0), 100)
    assert times == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert given_up


def test_a_ringing_invite_is_neither_sent_again_nor_given_up() -> None:
    transaction = Transaction(client=True, invite=True, timers=TIMERS, now=0)
    assert transaction.step(Input.PROVISIONAL, 0.1) is Output.DELIVER
    assert transaction.next_at is None


def test_a_provisional_answer_does_not_prolong_another_request() -> None:
    transaction = Transaction(client=True, invite=False, timers=TIMERS, now=0)
    transaction.step(Input.PROVISIONAL, 1.0)
    times, given_up = _sendings(transaction, 31.9)
    assert times == [5.0, 9.0, 13.0, 17.0, 21.0, 25.0, 29.0] and not given_up
    assert transaction.next_at == TIMERS.give_up


def test_a_refusal_is_acknowledged_each_time_and_told_once() -> None:
    transaction = Transaction(client=True, invite=True, timers=TIMERS, now=0)
    assert transaction.step(Input.FAILURE, 0.1) == Output.ACK | Output.DELIVER
    assert transaction.step(Input.FAILURE, 0.6) is Output.ACK
    assert transaction.step(Input.SUCCESS, 0.7) is Output.NOTHING


def test_an_answer_is_sent_until_it_is_acknowledged() -> None:
    transaction = Transaction(client=False, invite=True, timers=TIMERS, now=0)
    transaction.step(Input.PROVISIONAL, 0)
    assert transaction.step(Input.SUCCESS, 1.0) is Output.SEND
    times, _ = _sendings(transaction, 5.0)
    assert times == [1.5, 2.5, 4.5]
    assert transaction.step(Input.ACK, 5.0) is Output.DELIVER
    assert transaction.step(Input.ACK, 5.1) is Output.NOTHING
    assert _sendings(transaction, 100) == ([], False)
    assert transaction.state is State.TERMINATED


def test_an_answer_that_is_never_acknowledged_is_given_up() -> None:
    transaction = Transaction(client=False, invite=True, timers=TIMERS, now=0)
    transaction.step(Input.SUCCESS, 0)
    times, given_up = _sendings(transaction, 100)
    assert times[-1] == 31.5 and given_up


def test_a_request_that_nobody_has_answered_yet_is_not_answered_when_it_comes_again() -> None:
    transaction = Transaction(client=False, invite=True, timers=TIMERS, now=0)
    assert transaction.step(Input.REQUEST, 0.5) is Output.NOTHING
    transaction.step(Input.PROVISIONAL, 1.0)
    assert transaction.step(Input.REQUEST, 1.5) is Output.SEND


@pytest.mark.parametrize("kind", KINDS)
def test_each_table_leads_only_to_states_that_it_knows_and_always_to_an_end(kind: tuple[bool, bool]) -> None:
    machine = MACHINES[kind]
    known = {state for state, _ in machine.table} | {State.TERMINATED}
    assert {state for state, _ in machine.table.values()} <= known
    assert machine.begins in known and set(machine.rests) <= known
    for state, rest in machine.rests.items():
        assert (rest.pace is None) == ((state, Input.RESEND) not in machine.table)
        assert (rest.lasts is None and not rest.keeps_end) == ((state, Input.EXPIRE) not in machine.table)


@given(st.sampled_from(KINDS), st.lists(st.tuples(st.sampled_from(Input), st.floats(0, 10)), max_size=30))
def test_whatever_comes_in_whatever_order_each_final_is_told_once(
    kind: tuple[bool, bool], steps: list[tuple[Input, float]]
) -> None:
    client, invite = kind
    now, ends = 0.0, 0
    transaction = Transaction(client, invite, TIMERS, now)
    for what, after in steps:
        now += after
        before = transaction.state
        output = transaction.step(what, now)
        if before is State.TERMINATED:
            assert output is Output.NOTHING
        final = what in (Input.SUCCESS, Input.FAILURE)
        again = before is State.ACCEPTED  # every 2xx is told, as the dialog must acknowledge it
        ends += (Output.GIVE_UP in output) or (client and final and Output.DELIVER in output and not again)
        assert (transaction.next_at is None) or transaction.state is not State.TERMINATED
    assert ends <= 1
