"""The example centre's invented city, and `gis.yaml`."""

import shutil
from pathlib import Path

import pytest
import shapely

import config.example
from config.centre import load
from config.problem import ConfigErrors
from gis.datum import Datum, in_china
from gis.example_city import CENTRE, CITY, INVENTED, STREETS, areas_geojson, subscribers_csv
from gis.jurisdiction import Jurisdictions
from gis.locate import CallFacts, Located, Locator
from gis.metric import Metres
from gis.position import Position, Source
from gis.settings import GisSettings
from gis.shape import Point
from gis.subscriber_csv import Row, rows
from gis.subscriber_import import import_subscribers
from gis.trouble import Flaw
from tests.gis_places import NOW

EXAMPLE = Path(config.example.__path__[0])


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> GisSettings:
    folder = tmp_path_factory.mktemp("centre")
    shutil.copy(EXAMPLE / "gis.yaml", folder)
    return load(folder, {"gis": GisSettings}).part(GisSettings)


@pytest.fixture(scope="module")
def locator(settings: GisSettings, tmp_path_factory: pytest.TempPathFactory) -> Locator:
    assert settings.subscribers is not None
    table = tmp_path_factory.mktemp("gis") / "subscribers.sqlite"
    imported = import_subscribers(EXAMPLE / settings.subscribers, table, NOW, settings.plan, settings.datum)
    assert (imported.done, imported.bad) == (True, 0)
    return Locator.open(EXAMPLE, settings, table)


def good_rows(settings: GisSettings) -> list[Row]:
    read = list(rows(EXAMPLE / "subscribers.csv", settings.plan, settings.datum))
    assert all(isinstance(each, Row) for each in read)
    return [each for each in read if isinstance(each, Row)]


def test_the_files_are_those_that_the_program_makes() -> None:
    assert (EXAMPLE / "areas.geojson").read_text(encoding="utf-8") == areas_geojson(), "python -m gis.example_city"
    assert (EXAMPLE / "subscribers.csv").read_text(encoding="utf-8") == subscribers_csv(), "python -m gis.example_city"


def test_the_city_says_that_it_is_invented_and_lies_where_chinese_datums_differ() -> None:
    assert INVENTED in (EXAMPLE / "areas.geojson").read_text(encoding="utf-8")
    assert "invented" in (EXAMPLE / "gis.yaml").read_text(encoding="utf-8")
    assert in_china(CENTRE)


def test_the_city_has_what_tests_and_demonstrations_need(locator: Locator, settings: GisSettings) -> None:
    areas = locator.areas
    by_service = {service: [each for each in areas.areas if each.service == service] for service in areas.services}
    assert {service: len(each) for service, each in by_service.items()} == {
        "district": 3,
        "police": 6,
        "fire": 4,
        "medical": 3,
    }
    assert {each.service for each in areas.stations} == {"police", "fire", "medical"}
    assert any(len(each.polygons) > 1 for each in areas.areas), "an area in two pieces"
    names = [street.name for street in STREETS]
    assert len(set(names)) < len(names), "two streets of one name"
    known = good_rows(settings)
    assert len(known) >= 200
    assert {each.line for each in known} == {"fixed", "mobile"}
    assert {each.datum for each in known} == {Datum.WGS84, Datum.GCJ02}
    assert any(each.at is None for each in known)


def test_areas_of_a_service_divide_the_city_without_gap_or_overlap(locator: Locator) -> None:
    metres = Metres(CENTRE)
    assert locator.jurisdictions is not None
    assert locator.jurisdictions.overlaps(1.0) == ()
    grounds = {
        service: shapely.union_all(
            [
                shapely.Polygon(metres.plane(rings[0]))
                for area in locator.areas.areas
                if area.service == service
                for rings in area.polygons
            ]
        )
        for service in locator.areas.services
    }
    for ground in grounds.values():
        assert isinstance(ground, shapely.Polygon)
        assert ground.area == pytest.approx(18_000 * 14_000, rel=0.001)
        assert list(ground.interiors) == []


def test_every_station_stands_in_its_own_area(locator: Locator) -> None:
    assert isinstance(locator.jurisdictions, Jurisdictions)
    for station in locator.areas.stations:
        found = locator.jurisdictions.at(Position(Source.SUBSCRIBER, NOW, Point(station.at)))
        assert found is not None
        main = found[station.service].main
        assert main is not None
        assert f"station-{main.id}" == station.id


def test_every_address_lies_in_the_district_that_it_names(locator: Locator, settings: GisSettings) -> None:
    assert isinstance(locator.jurisdictions, Jurisdictions)
    districts = {each.name.zh for each in locator.areas.areas if each.service == "district"}
    for row in good_rows(settings):
        assert row.address.startswith(CITY)
        named = row.address.removeprefix(CITY)[:3]
        assert named in districts
        if row.at is not None:
            found = locator.jurisdictions.at(Position(Source.SUBSCRIBER, NOW, Point(row.at)))
            assert found is not None
            assert [each.name.zh for each in found["district"].shares] == [named], row.address


def call(locator: Locator, number: str) -> Located:
    return locator.locate(CallFacts(number, NOW, "city"))


def test_a_call_from_a_line_of_the_city_is_found_at_its_house(locator: Locator) -> None:
    located = call(locator, "55510001")
    assert located.best is not None
    assert located.best.civic is not None
    assert located.best.civic.line == "联动示例市启明区晨光路18号"
    assert {service: each.main.id for service, each in located.jurisdictions.items() if each.main} == {
        "district": "qiming",
        "police": "police-chenguang",
        "fire": "fire-qiming",
        "medical": "medical-north",
    }
    assert located.troubles == ()


def test_a_call_from_an_unknown_mobile_has_the_trunks_default(locator: Locator) -> None:
    located = call(locator, "13800009999")
    assert [each.source for each in located.positions] == [Source.TRUNK]
    assert {each.flaw for each in located.troubles} == {Flaw.SEVERAL_AREAS}


# gis.yaml


def refused(folder: Path, text: str) -> list[str]:
    (folder / "gis.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigErrors) as errors:
        load(folder, {"gis": GisSettings})
    return [f"{problem.file}:{problem.line} {problem.path} {problem.code}" for problem in errors.value.problems]


def test_a_centre_without_the_file_has_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, {"gis": GisSettings}).part(GisSettings)
    assert (settings.areas, settings.centre, settings.plan.key("13800000001")) == (None, None, "8613800000001")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("place: {lat: 95, lon: 85.4}", "gis.yaml:1 place.lat out_of_range"),
        ("place: {lat: 39.6}", "gis.yaml:1 place.lon missing_key"),
        ("datum: mars", "gis.yaml:1 datum wrong_value"),
        ("areas: ../areas.geojson", "gis.yaml:1 areas bad_file"),
        ("areas: .hidden", "gis.yaml:1 areas bad_file"),
        ("numbers: {area: '0900'}", "gis.yaml:1 numbers.area leading_zero"),
        ("numbers:\n  country: '086'", "gis.yaml:2 numbers.country leading_zero"),
        ("far_km: 0", "gis.yaml:1 far_km out_of_range"),
        ("trunks:\n  city: {origin: {lat: 39.6, lon: 85.4}}", "gis.yaml:2 trunks.city.origin.radius_m missing_key"),
        (
            "trunks:\n  city: {origin: {lat: 39.6, lon: 85.4, radius_m: 5, confidence: 95}}",
            "gis.yaml:2 trunks.city.origin.confidence out_of_range",
        ),
        ("areass: areas.geojson", "gis.yaml:1 areass unknown_key"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    assert told in refused(tmp_path, text)


def test_a_trunk_that_the_centre_does_not_have_is_found(settings: GisSettings) -> None:
    (wrong,) = settings.unknown_trunks(("citi",))
    assert (wrong.code, wrong.path, wrong.nearest) == ("no_such_trunk", ("trunks", "city"), "citi")
    assert not [*settings.unknown_trunks(("city",))]


def test_areas_that_are_missing_are_told_when_the_centre_is_opened(settings: GisSettings, tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match=r"areas\.geojson: cannot be read"):
        Locator.open(tmp_path, settings, tmp_path / "none.sqlite")


def test_the_page_of_positions_explains_every_flaw_source_and_rank() -> None:
    page = (Path(__file__).parents[1] / "docs" / "positions.md").read_text(encoding="utf-8")
    missing = [flaw.value for flaw in Flaw if f"| `{flaw.value}` |" not in page]
    missing += [source.value for source in Source if f"`{source.value}`" not in page]
    assert missing == []
