"""What a caller's INVITE carried of his position, as the dialplan tells it and keeps it on his channel.

The dialplan tells it (`Carried`), and keeps it in the variables LD_GEO (header, format, confidence, method, length of
the rest) and LD_GEO_1, LD_GEO_2, … (Asterisk's `location_info`, in pieces): the manager interface gives at most 1,023
characters of a variable. Everything is URI-encoded.
"""

from __future__ import annotations

from datetime import datetime

from telephony.manager.channel import Channel
from telephony.manager.event import Carried
from telephony.manager.exchange import Exchange
from telephony.manager.outcome import Answered
from telephony.manager.reading import read_carried

GEO_SIZE = 600
"""Characters of one piece; encoded it has some 900."""
GEO_PIECES = 7
"""All that Asterisk gives of a `location_info`, 4,095 characters: a polygon of some hundred corners."""


async def carried_by(exchange: Exchange, channel: Channel, at: datetime) -> Carried | None:
    """What a caller's call that is up carried, asked of Asterisk; None: nothing, or it cannot be told now.

    `at` is when the call began.
    """
    geo = await exchange.variable(channel.id, "LD_GEO")
    if not isinstance(geo, Answered) or not geo.value:
        return None
    info = ""
    for piece in range(1, GEO_PIECES + 1):
        more = await exchange.variable(channel.id, f"LD_GEO_{piece}")
        if not isinstance(more, Answered):
            return None
        if not more.value:
            break
        info += more.value
    return read_carried(at, channel, geo.value, info)
