"""SIP transactions over UDP: RFC 3261 section 17, with the Accepted states of RFC 6026.

Pure: time is an argument, nothing is sent here. The four machines are four tables; a step that is not in a table does
nothing. Two rules go beyond the RFC, to keep one place for all retransmission: a 200 to an INVITE is repeated by its
server transaction (the RFC leaves it to the user above), and so is the waiting for its ACK.
"""

from dataclasses import dataclass
from enum import Enum, Flag, auto


@dataclass(frozen=True)
class Timers:
    """RFC 3261's base timers in seconds; tests make them shorter."""

    t1: float = 0.5  # a round trip: the first retransmission
    t2: float = 4.0  # the longest interval of non-INVITE requests and of responses to INVITE
    t4: float = 5.0  # how long a message can live in the network

    @property
    def give_up(self) -> float:
        """After how long a transaction is given up: 64 round trips."""
        return 64 * self.t1


class State(Enum):
    """Where a transaction stands."""

    CALLING = auto()  # an INVITE is sent, nothing came back
    TRYING = auto()  # the same for the others; on the server's side: nothing is answered yet
    PROCEEDING = auto()  # a provisional response came, or was sent
    ACCEPTED = auto()  # 2xx to an INVITE
    COMPLETED = auto()  # another final response
    CONFIRMED = auto()  # the ACK of a final response came
    TERMINATED = auto()


class Input(Enum):
    """What can happen to a transaction; responses come on the client's side and are sent on the server's."""

    PROVISIONAL = auto()
    SUCCESS = auto()
    FAILURE = auto()
    REQUEST = auto()  # the same request again
    ACK = auto()
    RESEND = auto()  # a timer
    EXPIRE = auto()  # a timer


class Output(Flag):
    """What is to be done."""

    NOTHING = 0
    SEND = auto()  # the transaction's current message, again or for the first time
    ACK = auto()  # acknowledge this response to an INVITE (a non-2xx; 2xx are acknowledged by the dialog)
    DELIVER = auto()  # tell the user of the transaction
    GIVE_UP = auto()  # tell it that nothing came


class Pace(Enum):
    """How a message is repeated in a state."""

    DOUBLING = auto()
    DOUBLING_TO_T2 = auto()
    EVERY_T2 = auto()


@dataclass(frozen=True)
class Rest:
    """What a state waits for: how its message is repeated, and when it ends by itself (`None`: never)."""

    pace: Pace | None = None
    lasts: str | None = None  # the name of a figure of `Timers`
    keeps_end: bool = False  # the end that the state before had set goes on counting


Table = dict[tuple[State, Input], tuple[State, Output]]

_S, _I, _O = State, Input, Output

INVITE_CLIENT: Table = {
    (_S.CALLING, _I.RESEND): (_S.CALLING, _O.SEND),
    (_S.CALLING, _I.EXPIRE): (_S.TERMINATED, _O.GIVE_UP),
    (_S.CALLING, _I.PROVISIONAL): (_S.PROCEEDING, _O.DELIVER),
    (_S.CALLING, _I.SUCCESS): (_S.ACCEPTED, _O.DELIVER),
    (_S.CALLING, _I.FAILURE): (_S.COMPLETED, _O.ACK | _O.DELIVER),
    (_S.PROCEEDING, _I.PROVISIONAL): (_S.PROCEEDING, _O.DELIVER),
    (_S.PROCEEDING, _I.SUCCESS): (_S.ACCEPTED, _O.DELIVER),
    (_S.PROCEEDING, _I.FAILURE): (_S.COMPLETED, _O.ACK | _O.DELIVER),
    (_S.ACCEPTED, _I.SUCCESS): (_S.ACCEPTED, _O.DELIVER),
    (_S.ACCEPTED, _I.EXPIRE): (_S.TERMINATED, _O.NOTHING),
    (_S.COMPLETED, _I.FAILURE): (_S.COMPLETED, _O.ACK),
    (_S.COMPLETED, _I.EXPIRE): (_S.TERMINATED, _O.NOTHING),
}

REQUEST_CLIENT: Table = {
    (_S.TRYING, _I.RESEND): (_S.TRYING, _O.SEND),
    (_S.TRYING, _I.EXPIRE): (_S.TERMINATED, _O.GIVE_UP),
    (_S.TRYING, _I.PROVISIONAL): (_S.PROCEEDING, _O.DELIVER),
    (_S.TRYING, _I.SUCCESS): (_S.COMPLETED, _O.DELIVER),
    (_S.TRYING, _I.FAILURE): (_S.COMPLETED, _O.DELIVER),
    (_S.PROCEEDING, _I.RESEND): (_S.PROCEEDING, _O.SEND),
    (_S.PROCEEDING, _I.EXPIRE): (_S.TERMINATED, _O.GIVE_UP),
    (_S.PROCEEDING, _I.PROVISIONAL): (_S.PROCEEDING, _O.DELIVER),
    (_S.PROCEEDING, _I.SUCCESS): (_S.COMPLETED, _O.DELIVER),
    (_S.PROCEEDING, _I.FAILURE): (_S.COMPLETED, _O.DELIVER),
    (_S.COMPLETED, _I.EXPIRE): (_S.TERMINATED, _O.NOTHING),
}

INVITE_SERVER: Table = {
    (_S.TRYING, _I.PROVISIONAL): (_S.PROCEEDING, _O.SEND),
    (_S.TRYING, _I.SUCCESS): (_S.ACCEPTED, _O.SEND),
    (_S.TRYING, _I.FAILURE): (_S.COMPLETED, _O.SEND),
    (_S.PROCEEDING, _I.REQUEST): (_S.PROCEEDING, _O.SEND),
    (_S.PROCEEDING, _I.PROVISIONAL): (_S.PROCEEDING, _O.SEND),
    (_S.PROCEEDING, _I.SUCCESS): (_S.ACCEPTED, _O.SEND),
    (_S.PROCEEDING, _I.FAILURE): (_S.COMPLETED, _O.SEND),
    (_S.ACCEPTED, _I.REQUEST): (_S.ACCEPTED, _O.SEND),
    (_S.ACCEPTED, _I.RESEND): (_S.ACCEPTED, _O.SEND),
    (_S.ACCEPTED, _I.ACK): (_S.CONFIRMED, _O.DELIVER),
    (_S.ACCEPTED, _I.EXPIRE): (_S.TERMINATED, _O.GIVE_UP),
    (_S.COMPLETED, _I.REQUEST): (_S.COMPLETED, _O.SEND),
    (_S.COMPLETED, _I.RESEND): (_S.COMPLETED, _O.SEND),
    (_S.COMPLETED, _I.ACK): (_S.CONFIRMED, _O.DELIVER),
    (_S.COMPLETED, _I.EXPIRE): (_S.TERMINATED, _O.GIVE_UP),
    (_S.CONFIRMED, _I.EXPIRE): (_S.TERMINATED, _O.NOTHING),
}

REQUEST_SERVER: Table = {
    (_S.TRYING, _I.PROVISIONAL): (_S.PROCEEDING, _O.SEND),
    (_S.TRYING, _I.SUCCESS): (_S.COMPLETED, _O.SEND),
    (_S.TRYING, _I.FAILURE): (_S.COMPLETED, _O.SEND),
    (_S.PROCEEDING, _I.REQUEST): (_S.PROCEEDING, _O.SEND),
    (_S.PROCEEDING, _I.SUCCESS): (_S.COMPLETED, _O.SEND),
    (_S.PROCEEDING, _I.FAILURE): (_S.COMPLETED, _O.SEND),
    (_S.COMPLETED, _I.REQUEST): (_S.COMPLETED, _O.SEND),
    (_S.COMPLETED, _I.EXPIRE): (_S.TERMINATED, _O.NOTHING),
}


@dataclass(frozen=True)
class Machine:
    """One kind of transaction: where it begins, its table, and what its states wait for."""

    begins: State
    table: Table
    rests: dict[State, Rest]


MACHINES = {
    (True, True): Machine(
        _S.CALLING,
        INVITE_CLIENT,
        {
            _S.CALLING: Rest(Pace.DOUBLING, "give_up"),
            _S.ACCEPTED: Rest(lasts="give_up"),
            _S.COMPLETED: Rest(lasts="give_up"),
        },
    ),
    (True, False): Machine(
        _S.TRYING,
        REQUEST_CLIENT,
        {
            _S.TRYING: Rest(Pace.DOUBLING_TO_T2, "give_up"),
            _S.PROCEEDING: Rest(Pace.EVERY_T2, keeps_end=True),  # timer F runs from the first sending
            _S.COMPLETED: Rest(lasts="t4"),
        },
    ),
    (False, True): Machine(
        _S.TRYING,
        INVITE_SERVER,
        {
            _S.ACCEPTED: Rest(Pace.DOUBLING_TO_T2, "give_up"),
            _S.COMPLETED: Rest(Pace.DOUBLING_TO_T2, "give_up"),
            # Longer than the RFC's T4: late copies of an INVITE that was answered 200 are absorbed as well.
            _S.CONFIRMED: Rest(lasts="give_up"),
        },
    ),
    (False, False): Machine(_S.TRYING, REQUEST_SERVER, {_S.COMPLETED: Rest(lasts="give_up")}),
}
"""By (on the client's side, of an INVITE)."""


class Transaction:
    """One transaction: its state and its two timers. Messages themselves are the caller's concern."""

    def __init__(self, client: bool, invite: bool, timers: Timers, now: float) -> None:
        self._machine = MACHINES[client, invite]
        self._timers = timers
        self._interval = timers.t1
        self._resend_at: float | None = None
        self._expire_at: float | None = None
        self.state = self._machine.begins
        self._enter(now)

    @property
    def next_at(self) -> float | None:
        """When `due` will have something, or None."""
        times = [at for at in (self._resend_at, self._expire_at) if at is not None]
        return min(times) if times else None

    def due(self, now: float) -> Input | None:
        """Return the timer that has fired, if any; giving up comes before sending again."""
        if self._expire_at is not None and now >= self._expire_at:
            return Input.EXPIRE
        if self._resend_at is not None and now >= self._resend_at:
            return Input.RESEND
        return None

    def step(self, what: Input, now: float) -> Output:
        """Take one step and return what is to be done; an input that the state does not know does nothing."""
        entry = self._machine.table.get((self.state, what))
        if entry is None:
            return Output.NOTHING
        before, (self.state, output) = self.state, entry
        if self.state is not before:
            self._enter(now)
        elif what is Input.RESEND:
            rest = self._machine.rests[self.state]
            self._interval = self._next_interval(rest.pace)
            self._resend_at = now + self._interval
        return output

    def _enter(self, now: float) -> None:
        rest = self._machine.rests.get(self.state, Rest())
        if not rest.keeps_end:
            self._expire_at = None if rest.lasts is None else now + float(getattr(self._timers, rest.lasts))
        self._interval = self._timers.t2 if rest.pace is Pace.EVERY_T2 else self._timers.t1
        self._resend_at = None if rest.pace is None else now + self._interval

    def _next_interval(self, pace: Pace | None) -> float:
        if pace is Pace.DOUBLING:
            return 2 * self._interval
        if pace is Pace.EVERY_T2:
            return self._timers.t2
        return min(2 * self._interval, self._timers.t2)
