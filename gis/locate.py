"""From what is known of a call to where its caller may be: `Locator.locate`.

Beside the call, never in front of it: a fraction of a millisecond, one lookup in a file on disk, and nothing that a
sender can do raises. Trouble is told in the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from gis.area import Areas, load_areas
from gis.carried import Carried, read_carried
from gis.civic import Civic
from gis.datum import Datum, LatLon, to_wgs84
from gis.earth import distance_m
from gis.jurisdiction import CANNOT_CUT, VAGUE_M, Jurisdiction, Jurisdictions
from gis.metric import Metres
from gis.position import Position, Source
from gis.ranking import Rank, ranked
from gis.settings import GisSettings, TrunkPlaces, origin_place
from gis.shape import Circle, Point, Shape
from gis.subscriber import LineKind, Subscriber, Subscribers, SubscribersUnreadable, SubscriberTable
from gis.trouble import Flaw, Trouble, trouble

MOST_POSITIONS = 50
"""Of one call; a telephone that floods us fills no memory."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What is known of a call when it arrives."""

    number: str
    """The caller's, as the trunk shows it; empty where it is hidden."""
    at: datetime
    """When it arrived, UTC."""
    trunk: str = ""
    """The id of the trunk by which it came."""
    carried: tuple[Carried, ...] = ()
    """What came with the call: documents, Geolocation headers, Asterisk's profile."""


@dataclass(frozen=True, slots=True)
class Located:
    """Everything that is known of where a caller is."""

    positions: tuple[Position, ...] = ()
    """In the order in which they came; only ever added to."""
    ranking: tuple[tuple[int, Rank], ...] = ()
    """Indices of the positions and why they stand there, best first (`gis.ranking`)."""
    jurisdictions: Mapping[str, Jurisdiction] = field(default_factory=dict)
    """Of the best position, by service; empty where none can be told."""
    subscriber: Subscriber | None = None
    """Whose number it is."""
    references: tuple[str, ...] = ()
    """URIs of location servers that know more and were not asked."""
    heard: tuple[Trouble, ...] = ()
    """What was wrong with what came."""
    judged: tuple[Trouble, ...] = ()
    """What is wrong with the whole, as far as it is known now."""

    @property
    def best(self) -> Position | None:
        """The best position, if there is any."""
        return self.positions[self.ranking[0][0]] if self.ranking else None

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Everything that is wrong."""
        return (*self.heard, *self.judged)


class Locator:
    """All that a centre knows of places, ready to be asked."""

    def __init__(
        self, settings: GisSettings, areas: Areas | None = None, subscribers: SubscriberTable | None = None
    ) -> None:
        areas = areas or Areas()
        self._settings = settings
        self._subscribers = subscribers
        self._centre = settings.centre or areas.middle
        self._far_m = settings.far_km * 1000.0
        self.areas = areas
        self.jurisdictions = None if self._centre is None else Jurisdictions(areas, Metres(self._centre))
        """None where neither the centre's place nor any area is known."""

    @classmethod
    def open(cls, folder: Path, settings: GisSettings, table: Path) -> Locator:
        """With the files of a centre's folder; `table` is what the subscribers are imported into.

        Raises ConfigErrors for areas that are wrong. A table that is missing is told with each call.
        """
        areas = load_areas(folder / settings.areas, settings.areas_datum) if settings.areas else None
        return cls(settings, areas, Subscribers(table) if settings.subscribers else None)

    def locate(self, call: CallFacts) -> Located:
        """All positions of a call, the best of them, and the jurisdiction of each service there; never raises."""
        positions, heard, references = self._carried(call)
        subscriber, wrong = self._subscriber(call.number)
        heard += wrong
        if subscriber is not None:
            positions += _subscribed(subscriber)
            if subscriber.at is None:
                heard.append(trouble(Flaw.NO_COORDINATES, subscriber.address))
        trunk = self._settings.trunks.get(call.trunk)
        if trunk is not None:
            positions += _origin(trunk, call.at)
        known = Located(subscriber=subscriber, references=references, heard=tuple(dict.fromkeys(heard)))
        return self._judged(positions, known)

    def add(self, located: Located, *positions: Position) -> Located:
        """The same with later positions beside the earlier ones; one that is known already is not added again."""
        new = [each for each in dict.fromkeys(positions) if each not in located.positions]
        return self._judged([*located.positions, *new], located)

    def entered(
        self,
        lat: float,
        lon: float,
        at: datetime,
        *,
        radius_m: float | None = None,
        datum: Datum | None = None,
        address: str = "",
    ) -> Position:
        """The position that a call-taker marked, in the centre's datum if none is said; raises BadShape."""
        datum = datum or self._settings.datum
        sent = LatLon(lat, lon)
        shape: Shape = Point(sent) if radius_m is None else Circle(sent, radius_m)
        shape = shape.moved(lambda place: to_wgs84(place, datum))
        return Position(Source.CALL_TAKER, at.astimezone(UTC), shape, datum, civic=Civic.of((), address))

    def _carried(self, call: CallFacts) -> tuple[list[Position], list[Trouble], tuple[str, ...]]:
        trunk = self._settings.trunks.get(call.trunk)
        meant = trunk.means if trunk is not None else Datum.WGS84
        positions: list[Position] = []
        heard: list[Trouble] = []
        references: list[str] = []
        for each in call.carried:
            reading = read_carried(each, call.at, meant)
            positions += reading.positions
            heard += reading.troubles
            references += reading.references
        inside = [uri for uri in references if uri.lower().startswith("cid:")]
        if inside and not positions and not heard:
            heard.append(trouble(Flaw.NO_BODY, inside[0]))
        outside = tuple(uri for uri in dict.fromkeys(references) if uri not in inside)
        heard += (trouble(Flaw.BY_REFERENCE, uri) for uri in outside)
        return list(dict.fromkeys(positions)), heard, outside

    def _subscriber(self, number: str) -> tuple[Subscriber | None, list[Trouble]]:
        if self._subscribers is None:
            return None, []
        key = self._settings.plan.key(number)
        if key is None:
            return None, [trouble(Flaw.NO_NUMBER, number)]
        try:
            return self._subscribers.find(key), []
        except SubscribersUnreadable as error:
            return None, [trouble(Flaw.SUBSCRIBERS_UNREADABLE, str(error))]

    def _judged(self, positions: Sequence[Position], known: Located) -> Located:
        judged: list[Trouble] = []
        if len(positions) > MOST_POSITIONS:
            judged.append(trouble(Flaw.TOO_MANY, f"{len(positions)} positions"))
            positions = positions[:MOST_POSITIONS]
        ranking = ranked(positions, self._centre, self._far_m)
        judged += self._far(positions, ranking)
        jurisdictions: Mapping[str, Jurisdiction] = {}
        if ranking:
            jurisdictions, wrong = self._areas_of(positions[ranking[0][0]])
            judged += wrong
        else:
            judged.append(Trouble(Flaw.NO_POSITION))
        return replace(
            known, positions=tuple(positions), ranking=ranking, jurisdictions=jurisdictions, judged=tuple(judged)
        )

    def _areas_of(self, best: Position) -> tuple[Mapping[str, Jurisdiction], list[Trouble]]:
        if self.jurisdictions is None or not self.jurisdictions.services:
            return {}, []
        try:
            found = self.jurisdictions.at(best)
        except CANNOT_CUT as error:
            return {}, [trouble(Flaw.AREAS_FAILED, type(error).__name__)]
        if found is None:
            if best.shape is None:
                return {}, [trouble(Flaw.NO_POSITION, "only an address is known")]
            return {}, [trouble(Flaw.VAGUE, f"a radius of more than {VAGUE_M / 1000:g} km")]
        judged = []
        for each in found.values():
            if not each.shares:
                judged.append(trouble(Flaw.NO_AREA, each.service))
            elif len(each.shares) > 1:
                told = ", ".join(f"{share.id} {share.share:.0%}" for share in each.shares)
                judged.append(trouble(Flaw.SEVERAL_AREAS, f"{each.service}: {told}"))
        return found, judged

    def _far(self, positions: Sequence[Position], ranking: Sequence[tuple[int, Rank]]) -> list[Trouble]:
        told = []
        for index, rank in ranking:
            centre = positions[index].centre
            if rank is Rank.FAR and centre is not None and self._centre is not None:
                km = distance_m(self._centre, centre) / 1000.0
                told.append(trouble(Flaw.FAR, f"{positions[index].source}: {km:,.0f} km from the centre"))
        return told


def _subscribed(subscriber: Subscriber) -> list[Position]:
    civic = Civic.of((), subscriber.address)
    mobile = subscriber.line is LineKind.MOBILE
    shape: Shape | None = None
    if subscriber.at is not None:
        # Where a mobile's bill goes says nothing of how far away its bearer is: no radius would be true.
        shape = Point(subscriber.at) if mobile else Circle(subscriber.at, subscriber.radius_m)
    if shape is None and civic is None:
        return []
    source = Source.REGISTERED if mobile else Source.SUBSCRIBER
    notes = (Trouble(Flaw.REGISTERED_ADDRESS),) if mobile else ()
    return [Position(source, subscriber.imported, shape, subscriber.datum, civic=civic, notes=notes)]


def _origin(trunk: TrunkPlaces, at: datetime) -> list[Position]:
    if trunk.origin is None:
        return []
    origin = trunk.origin
    civic = Civic.of((), origin.address or "")
    shape = Circle(origin_place(origin), origin.radius_m)
    return [Position(Source.TRUNK, at, shape, origin.datum, origin.confidence, civic=civic)]
