"""The pages for people: they can be read without a token, and nothing in them leads a browser to another machine."""

import re
from collections.abc import AsyncIterator

import pytest

from tests.console_room import Answer, Room, open_room

PAGES = ("/", "/api/docs")


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with open_room(engine_up=False) as opened:
        yield opened


async def page(room: Room, path: str) -> Answer:
    answer = await room.ask(path, token=None)
    assert answer.status == 200, path
    return answer


async def test_the_pages_are_there_and_lead_to_each_other(room: Room) -> None:
    for path in PAGES:
        answer = await page(room, path)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        told = answer.body.decode()
        assert "liandong token supervisor" in told and "令牌" in told
        for link in re.findall(r'(?:href|src)="([^"]+)"', told):
            other = await room.ask(link, token=None)
            assert other.status == 200 or link == "/readyz", link


async def test_a_browser_asks_no_other_machine_and_runs_nothing_that_is_not_ours(room: Room) -> None:
    for path in PAGES:
        answer = await page(room, path)
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        told = answer.body.decode()
        assert not re.search(r"//[a-z]|<script(?! src=\"/)|<style|\sstyle=|\son[a-z]+=", told)
    for name in ("page.css", "docs.js"):
        assert "//" not in re.sub(r"//[^\n]*\n", "", (await page(room, f"/api/docs/{name}")).body.decode())
    assert b"url(http" not in (await page(room, "/api/docs/swagger-ui.css")).body
    assert b"validatorUrl: null" in (await page(room, "/api/docs/docs.js")).body


async def test_swagger_ui_understands_the_openapi_file(room: Room) -> None:
    bundle = (await page(room, "/api/docs/swagger-ui-bundle.js")).body.decode()
    version = re.search(r'PACKAGE_VERSION:"(\d+)', bundle)
    assert version is not None and int(version[1]) >= 5  # OpenAPI 3.1
    told = (await page(room, "/api/openapi.json")).json
    assert told["openapi"].startswith("3.1")
    named = {tag for methods in told["paths"].values() for each in methods.values() for tag in each["tags"]}
    assert named == {each["name"] for each in told["tags"]}
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", ()):
                assert "anyOf" not in parameter["schema"], (path, parameter)
            body = operation.get("requestBody")
            if body is not None:
                schema = body["content"]["application/json"]["schema"]
                name = next(each["$ref"] for each in (schema, *schema.get("anyOf", ())) if "$ref" in each)
                assert told["components"]["schemas"][name.rpartition("/")[2]]["examples"], (method, path)
