"""What an Exchange can do, as actions of the manager interface. Pure but for the one question that it is given."""

from __future__ import annotations

import re

from telephony.manager.conversation import Reply
from telephony.manager.error import BadAction
from telephony.manager.exchange import Origination, Place
from telephony.manager.outcome import Answered, Outcome, Refused
from telephony.manager.snapshot import FAMILY

ALIVE = "LD_ALIVE"
"""The global variable with the engine's heartbeat."""

WAKE, SAY = "A", "B"
"""Keys that no telephone has but a soldier's: who waits, and who hears an order, looks at once what is wanted of him.
Pressed by a caller they do nothing, and in a conversation they are two short tones: neither can tear a call apart."""

WORDS = frozenset({"keys", "thanks", "next", "taken", "cancelled"})
"""What can be said to a department's duty line."""

_PROMPT = re.compile(r"[a-z0-9-]{1,60}")
_NOT_IN_A_VARIABLE = frozenset(',"\\()[]')


class Acts:
    """The acting half of an `Exchange`; `_ask` sends an action and waits for its outcome."""

    async def _ask(self, action: str, *fields: tuple[str, str]) -> Outcome[Reply]:
        raise NotImplementedError

    async def heartbeat(self, epoch_s: int) -> Outcome[None]:
        """Write the engine's sign of life."""
        return await self.set_global(ALIVE, str(epoch_s))

    async def redirect(self, channel: str, place: Place) -> Outcome[None]:
        """Send a channel elsewhere."""
        return await self._do("Redirect", ("Channel", _named(channel)), *_place(place))

    async def redirect_both(self, channel: str, place: Place, other: str, other_place: Place) -> Outcome[None]:
        """Send two channels elsewhere at one moment."""
        first = (("Channel", _named(channel)), *_place(place))
        second = (("ExtraChannel", _named(other)), *_place(other_place, "Extra"))
        return await self._do("Redirect", *first, *second)

    async def wake(self, channel: str) -> Outcome[None]:
        """Have a waiting caller ask again: by a flag that he looks at each turn, and a key that makes him look now."""
        return await self._call_to(channel, "SHARED(LD_WAKE)", "1", WAKE)

    async def announce(self, channel: str, prompt: str) -> Outcome[None]:
        """Say a prompt to a waiting caller."""
        if not _PROMPT.fullmatch(prompt):
            raise BadAction(f"{prompt!r} is no name of a prompt")
        return await self._call_to(channel, "SHARED(LD_SAY)", prompt, SAY)

    async def say(self, channel: str, fence: int, words: str) -> Outcome[None]:
        """Say something to a department's duty line, if the call has this fence."""
        if fence < 1 or words not in WORDS:
            raise BadAction(f"{words!r} with the fence {fence} can't be said")
        return await self._call_to(channel, "SHARED(LD_SAY)", f"{fence}+{words!s}", SAY)

    async def _call_to(self, channel: str, name: str, value: str, key: str) -> Outcome[None]:
        told = await self.set_variable(channel, name, value)
        if not isinstance(told, Answered):
            return told
        return await self._do("PlayDTMF", ("Channel", channel), ("Digit", key), ("Receive", "true"))

    async def originate(self, origination: Origination) -> Outcome[None]:
        """Call a telephone; waits only until Asterisk has begun to."""
        for name, value in origination.variables.items():
            if bad := _NOT_IN_A_VARIABLE.intersection(name + value) or "=" in name:
                raise BadAction(f"Originate: {bad} in the variable {name}={value!r}")
        number, name = origination.caller_number, origination.caller_name
        if any(char in number + name for char in '"<>'):
            raise BadAction(f"Originate: a quote or bracket in the caller's {name!r} <{number}>")
        return await self._do(
            "Originate",
            ("Channel", _named(origination.dial)),
            ("ChannelId", _named(origination.channel_id)),
            *_place(origination.place),
            ("Timeout", str(round(origination.ring_s * 1000))),
            ("CallerID", f'"{name}" <{number}>'),
            *(("Variable", f"{name}={value}") for name, value in origination.variables.items()),
            ("Async", "true"),
        )

    async def hang_up(self, channel: str, cause: int = 16) -> Outcome[None]:
        """End a channel."""
        if _named(channel).startswith("/"):
            raise BadAction(f"Hangup: {channel!r} is a pattern, which may end others too")
        return await self._do("Hangup", ("Channel", channel), ("Cause", str(cause)))

    async def set_variable(self, channel: str, name: str, value: str) -> Outcome[None]:
        """Set a channel's variable or writable function."""
        return await self._do("Setvar", ("Channel", _named(channel)), ("Variable", name), ("Value", value))

    async def set_global(self, name: str, value: str) -> Outcome[None]:
        """Set a global variable."""
        return await self._do("Setvar", ("Variable", name), ("Value", value))

    async def variable(self, channel: str, name: str) -> Outcome[str]:
        """A channel's variable or function."""
        outcome = await self._ask("Getvar", ("Channel", _named(channel)), ("Variable", name))
        return Answered(outcome.value.fields.get("Value", "")) if isinstance(outcome, Answered) else outcome

    async def keep(self, key: str, value: str) -> Outcome[None]:
        """Put a value into Asterisk's own database."""
        return await self._do("DBPut", *_family(key), ("Val", value))

    async def kept(self, key: str) -> Outcome[str | None]:
        """A value from Asterisk's own database."""
        match await self._ask("DBGet", *_family(key)):
            case Answered(reply):
                return Answered(reply.rows[0].fields.get("Val", "") if reply.rows else None)
            case Refused("Database entry not found"):
                return Answered(None)
            case ended:
                return ended

    async def drop(self, key: str) -> Outcome[None]:
        """Take a value out of Asterisk's own database."""
        outcome = await self._do("DBDel", *_family(key))
        if isinstance(outcome, Refused) and await self.kept(key) == Answered(None):
            return Answered(None)  # Asterisk says the same of what was not there and of what it could not delete
        return outcome

    async def _do(self, action: str, *fields: tuple[str, str]) -> Outcome[None]:
        outcome = await self._ask(action, *fields)
        return Answered(None) if isinstance(outcome, Answered) else outcome


def _named(name: str) -> str:
    """A name that is there: without one Asterisk would mean something else, such as a global variable."""
    if not name:
        raise BadAction("a channel without a name")
    return name


def _place(place: Place, which: str = "") -> tuple[tuple[str, str], ...]:
    return (
        (f"{which}Context", place.context),
        (f"{which}Exten", place.extension),
        (f"{which}Priority", str(place.priority)),
    )


def _family(key: str) -> tuple[tuple[str, str], tuple[str, str]]:
    folder, _, last = f"{FAMILY}/{key}".rpartition("/")
    if not last or "//" in key or key.startswith("/"):
        raise BadAction(f"{key!r} is no key of the database")
    return ("Family", folder), ("Key", last)
