"""The OpenAPI document: what FastAPI makes of the routes, with the errors as they come and the key that is needed.

FastAPI knows nothing of the guard before the routes, and would tell errors in a form that isn't ours. Which errors a
path may answer follows from what it takes, so a new route needs to say nothing.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from graphrec.service.guard import OPEN_PATHS
from graphrec.service.problems import MEDIA, TITLES
from graphrec.service.schemas import Problem

KEY = "key"
NAME_NOTHING = ("/v1/events", "/v1/onboarding")
"""Paths that never say 404: they name nothing that must be there, and hold no id (one with a line break is none)."""

Operation = dict[str, Any]


def describe(app: FastAPI, *, guarded: bool, limited: bool) -> None:
    """Make the document of an application whole. `guarded`: a key is needed; `limited`: it may be used too often."""
    made = app.openapi

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(made(), guarded=guarded, limited=limited)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = whole  # type: ignore[method-assign]


def _complete(document: dict[str, Any], *, guarded: bool, limited: bool) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            closed = guarded and path not in OPEN_PATHS
            statuses = (
                _errors(path, operation) | ({401, 403} if closed else set()) | ({429} if closed and limited else set())
            )
            if closed:
                operation["security"] = [{KEY: []}]
            for status in sorted(statuses):
                operation["responses"][str(status)] = _told(status)
    parts = document.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    if guarded:
        parts["securitySchemes"] = {KEY: {"type": "http", "scheme": "bearer"}}


def _errors(path: str, operation: Operation) -> set[int]:
    """Those that the route says itself, and those that follow from what it takes."""
    found = {int(status) for status in operation["responses"] if status >= "400"}
    has_body = "requestBody" in operation
    if has_body:
        found |= {413}
    if has_body or operation.get("parameters"):
        found |= {422}
    if has_body or any(each["in"] in ("query", "header") for each in operation.get("parameters", ())):
        found |= {400}
    if path.startswith("/v1/"):
        found |= {503} if path in NAME_NOTHING else {404, 503}
    return found


def _told(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": TITLES[status], "content": {MEDIA: {"schema": schema}}}
