"""The path and the query of a list, read by their schema in one go. FastAPI goes through fields one by one, which took
half of a request; the document of the API is the same. The same words are asked again and again, so what they mean is
kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from graphrec.errors import InputError
from graphrec.ids import clean_id
from graphrec.service.bodies import wish_of
from graphrec.service.schemas import ListQuery
from graphrec.serving.pipeline import Pipeline
from graphrec.serving.wish import Wish

_SCHEMA = ListQuery.model_json_schema(by_alias=True)["properties"]
_SEVERAL = frozenset(name for name, schema in _SCHEMA.items() if schema.get("type") == "array")

_QUERY: list[dict[str, Any]] = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "description": schema.get("description", ""),
        "schema": {key: value for key, value in schema.items() if key not in ("description", "title")},
    }
    for name, schema in _SCHEMA.items()
]


def document(**path: str) -> dict[str, Any]:
    """What the OpenAPI document says of the query, and of ids in the path, given with what they are."""
    ids = [
        {"name": name, "in": "path", "required": True, "description": told, "schema": {"type": "string"}}
        for name, told in path.items()
    ]
    return {"parameters": [*ids, *_QUERY]}


def path_id(request: Request, name: str, read: Callable[[str], str] = clean_id) -> str:
    """An id in the path, as `read` gives it. RequestValidationError for what can't be one."""
    try:
        return read(request.path_params[name])
    except InputError as error:
        raise RequestValidationError([{"loc": ("path", name), "msg": str(error), "type": "path"}]) from error


def list_query(request: Request) -> ListQuery:
    """The query of a request. RequestValidationError for what breaks the schema."""
    return _read(request.scope["query_string"])


def list_wish(request: Request, pipeline: Pipeline) -> Wish:
    """What the query of a request asks for. RequestValidationError for what breaks the schema, InputError as
    `wish_of`."""
    return _wish(request.scope["query_string"], pipeline)


@lru_cache(maxsize=4_096)
def _wish(raw: bytes, pipeline: Pipeline) -> Wish:
    return wish_of(_read(raw), pipeline)


@lru_cache(maxsize=4_096)
def _read(raw: bytes) -> ListQuery:
    values: dict[str, Any] = {}
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=4_000)
    except ValueError as error:
        raise RequestValidationError([_wrong((), f"expected a query in UTF-8, percent-encoded: {error}")]) from error
    for name, value in pairs:
        if name in _SEVERAL:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise RequestValidationError([_wrong((name,), "expected once, found several times")])
        else:
            values[name] = value
    try:
        return ListQuery.model_validate(values)
    except ValidationError as error:
        raise RequestValidationError([_wrong(each["loc"], each["msg"]) for each in error.errors()]) from error


def _wrong(where: tuple[Any, ...], what: str) -> dict[str, Any]:
    return {"loc": ("query", *where), "msg": what, "type": "query"}
