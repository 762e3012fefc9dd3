"""Answers held against the OpenAPI file: every status, code and shape that comes is documented there."""

import re
from http import HTTPStatus
from typing import Any

from tests.console_room import Answer


class Documented:
    """What the file says, and what was seen of it."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        self.seen: set[tuple[str, str, str]] = set()
        """Method, path as the file has it, status."""
        self._paths = {path: re.compile(re.sub(r"\{\w+\}", "[^/]+", path)) for path in told["paths"]}

    def path_of(self, method: str, path: str) -> str:
        """The path of the file that a request is for; of several, that with the fewest names in it."""
        bare = path.partition("?")[0]
        fits = [each for each, form in self._paths.items() if form.fullmatch(bare)]
        return min((each for each in fits if method in self.told["paths"][each]), key=lambda each: each.count("{"))

    def note(self, method: str, path: str, answer: Answer) -> None:
        """An answer came."""
        template = self.path_of(method.lower(), path)
        operation = self.told["paths"][template][method.lower()]
        assert str(answer.status) in operation["responses"], (method, template, answer)
        documented = operation["responses"][str(answer.status)]
        if answer.status >= HTTPStatus.BAD_REQUEST:
            assert f"`{answer.code}`" in documented["description"], (method, template, answer)
        elif answer.headers.get("content-type") == "application/json":
            assert_shape(answer.json, documented["content"]["application/json"]["schema"], self.told)
        self.seen.add((method.upper(), template, str(answer.status)))


def assert_shape(value: Any, schema: dict[str, Any], told: dict[str, Any]) -> None:
    """A small reading of JSON schema, as far as our own answers use it."""
    if "$ref" in schema:
        assert_shape(value, told["components"]["schemas"][schema["$ref"].rpartition("/")[2]], told)
    elif "anyOf" in schema:
        errors = []
        for each in schema["anyOf"]:
            try:
                return assert_shape(value, each, told)
            except AssertionError as error:
                errors.append(error)
        raise AssertionError(errors)
    elif "enum" in schema:
        assert value in schema["enum"]
    elif schema.get("type") == "object" and "properties" in schema:
        assert isinstance(value, dict)
        assert set(value) == set(schema["properties"])
        for name, each in schema["properties"].items():
            assert_shape(value[name], each, told)
    elif schema.get("type") == "array":
        assert isinstance(value, list)
        for each in value:
            assert_shape(each, schema["items"], told)
    elif "type" in schema:
        kinds = {"string": str, "integer": int, "boolean": bool, "null": type(None), "object": dict, "number": float}
        assert isinstance(value, kinds[schema["type"]]), (value, schema)
        if schema.get("format") == "date-time":
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", value)
