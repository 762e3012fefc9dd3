"""Everything that Asterisk knows at one moment: what a link is told after each login, before any event. Pure.

Which channels share a bridge stands in the list of channels, taken in one piece; asking for each bridge (BridgeInfo)
would cost a round trip each and could tell of another moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from telephony.manager.channel import Channel, is_telephone, read_channel
from telephony.manager.conversation import Reply
from telephony.manager.event import Device, Reach
from telephony.manager.reading import one_of

FAMILY = "LD"
"""The family of Asterisk's own database in which this centre keeps its things."""

QUESTIONS: Sequence[tuple[str, tuple[tuple[str, str], ...]]] = (
    ("CoreShowChannels", ()),
    ("BridgeList", ()),
    ("PJSIPShowContacts", ()),
    ("DeviceStateList", ()),
    ("DBGetTree", (("Family", FAMILY),)),
)
"""What is asked, in this order."""

ROWS = frozenset(
    {
        "CoreShowChannel",
        "CoreShowChannelsComplete",
        "BridgeListItem",
        "BridgeListComplete",
        "ContactList",
        "ContactListComplete",
        "DeviceStateChange",
        "DeviceStateListComplete",
        "DBGetTreeResponse",
        "DBGetTreeComplete",
        "DBGetResponse",
        "DBGetComplete",
    }
)
"""Names of all rows of lists that are read here."""


@dataclass(frozen=True, slots=True)
class Present:
    """A channel that is up."""

    channel: Channel
    age_s: int
    """Seconds since it began."""
    bridge: str
    """The bridge that it is in; empty: none."""
    application: str
    """What the dialplan does with it now, such as Dial or WaitExten."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """Channels that hear each other."""

    id: str
    kind: str
    """As Asterisk calls it: `basic` for two telephones, `base` for a conference, `holding`."""
    channels: tuple[str, ...]
    """Ids of the telephones' channels in it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is now. All that was known before and is not in here is over."""

    channels: tuple[Present, ...]
    """Telephones only."""
    bridges: tuple[Bridge, ...]
    contacts: Mapping[str, Reach]
    """Registered telephones, by endpoint; who is not in here is gone. Trunks do not register: see `devices`."""
    devices: Mapping[str, Device]
    """Every telephone's and trunk's line, by endpoint."""
    database: Mapping[str, str]
    """Values by key, without the family: `seat-01/person`."""


def read_snapshot(replies: Sequence[Reply]) -> Snapshot:
    """A snapshot from the answers to `QUESTIONS`, in their order. Raises ValueError when a row lacks something."""
    channels, bridges, contacts, devices, database = ([row.fields for row in reply.rows] for reply in replies)
    try:
        # A channel that changes while Asterisk goes through its list is told twice, the second time as it is by then.
        present = tuple({row["Uniqueid"]: _present(row) for row in channels if is_telephone(row)}.values())
        members = [(each.bridge, each.channel.id) for each in present]
        return Snapshot(
            channels=present,
            bridges=tuple(
                Bridge(id_, row["BridgeType"], tuple(channel for bridge, channel in members if bridge == id_))
                for row in bridges
                for id_ in (row["BridgeUniqueid"],)
            ),
            contacts=_contacts(contacts),
            devices={
                row["Device"].removeprefix("PJSIP/"): one_of(Device, row["State"], Device.UNKNOWN)
                for row in devices
                if row["Device"].startswith("PJSIP/")
            },
            database={row["Key"].removeprefix(f"/{FAMILY}/"): row["Val"] for row in database},
        )
    except KeyError as error:
        raise ValueError(f"a row without {error}") from None


def _present(row: Mapping[str, str]) -> Present:
    hours, minutes, seconds = map(int, row["Duration"].split(":"))
    return Present(read_channel(row), hours * 3600 + minutes * 60 + seconds, row["BridgeId"], row["Application"])


def _contacts(rows: Sequence[Mapping[str, str]]) -> dict[str, Reach]:
    """One word for each endpoint: of several contacts the best."""
    contacts: dict[str, Reach] = {}
    for row in rows:
        endpoint, reach = row["Endpoint"], one_of(Reach, row["Status"], Reach.UNKNOWN)
        if contacts.get(endpoint) is not Reach.REACHABLE:
            contacts[endpoint] = reach
    return contacts
