"""What the OpenAPI document says is true: requests made up from it, right and wrong ones, and each key at each path.

All goes over the document, so a path that comes to it is tried as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance
from shop import opened
from starlette.types import ASGIApp, Receive, Scope, Send

from graphrec.graph import Graph
from graphrec.service.guard import OPEN_PATHS
from graphrec.service.keys import ROLES, add_key, remove_key

N_EXAMPLES = 20
REFUSALS = ["400", "401", "403", "404", "405", "413", "415", "422"]  # what wrong data may get, and nothing else
WORDS = {"{user_id}": "u0", "{item_id}": "i0"}
ROLE = {
    ("get", "/v1/users/{user_id}/recommendations"): "read",
    ("get", "/v1/users/{user_id}/recommendations/{item_id}/explanation"): "read",
    ("get", "/v1/users/{user_id}/people"): "read",
    ("get", "/v1/items/{item_id}/similar"): "read",
    ("get", "/v1/popular"): "read",
    ("get", "/metrics"): "read",
    ("post", "/v1/recommendations"): "read",
    ("post", "/v1/events"): "events",
}


@pytest.fixture(scope="module")
def secrets(shop: Graph) -> Iterator[dict[str, str]]:
    """A key of each role."""
    yield {role: add_key(shop.home, role, [role]) for role in ROLES}
    for role in ROLES:
        remove_key(shop.home, role)


@pytest.fixture(scope="module")
def guarded(shop: Graph, secrets: dict[str, str]) -> Iterator[TestClient]:
    """A service that asks for keys, with all the time that it wants for Neo4j."""
    with opened(shop, open=False, budget_s=60.0, max_body=20_000) as client:
        yield client


@pytest.fixture(scope="module")
def operations(guarded: TestClient) -> list[Any]:
    config = SchemathesisConfig.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}})
    schema = schemathesis.openapi.from_asgi("/openapi.json", started(guarded.app), config=config)
    return [found.ok() for found in schema.get_all_operations()]


def started(app: ASGIApp) -> ASGIApp:
    """An application that has started already, so that its start and end must not come again."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        for _ in range(2):
            await send({"type": (await receive())["type"] + ".complete"})

    return answer


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_requests_made_up_from_the_document_get_what_it_says(
    operations: list[Any], secrets: dict[str, str], mode: GenerationMode
) -> None:
    headers = {"Authorization": f"Bearer {secrets['admin']}"}
    for operation in operations:  # what is right by its schema may still name what isn't there, or no property
        raw = operation.definition.raw
        if mode == GenerationMode.NEGATIVE and not (raw.get("parameters") or raw.get("requestBody")):
            continue  # there is nothing to do wrong

        @seed(7)
        @settings(max_examples=N_EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

        ask()


def test_each_path_opens_to_the_keys_of_its_role_alone(guarded: TestClient, secrets: dict[str, str]) -> None:
    document = guarded.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            opened_by = {role for role in ROLES if status(guarded, method, path, secrets[role]) not in (401, 403)}
            if path in OPEN_PATHS:
                assert "security" not in operation
                assert status(guarded, method, path, None) not in (401, 403)
                continue
            assert status(guarded, method, path, None) == status(guarded, method, path, "x" * 43) == 401
            assert "admin" in opened_by, (method, path)
            assert len(opened_by) < len(ROLES), (method, path)
            if (method, path) in ROLE:
                assert opened_by == {ROLE[method, path], "admin"}, (method, path)
            assert operation["security"] == [{"key": []}]
            assert {"401", "403"} <= operation["responses"].keys()


def status(client: TestClient, method: str, path: str, secret: str | None) -> int:
    """What a request without a body gets; one that a key lets in may be refused for that."""
    for word, name in WORDS.items():
        path = path.replace(word, name)
    return client.request(method, path, headers={"Authorization": f"Bearer {secret}"} if secret else {}).status_code


@pytest.mark.parametrize("scheme", ["", "Basic ", "Bearer", "Bearer  ", "Token "])
def test_a_key_comes_in_one_form_alone(guarded: TestClient, secrets: dict[str, str], scheme: str) -> None:
    answer = guarded.get("/v1/popular", headers={"Authorization": scheme + secrets["read"]})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert guarded.get(f"/v1/popular?key={secrets['read']}").status_code == 401


def test_an_open_service_speaks_of_no_keys(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    told = [operation for operations in document["paths"].values() for operation in operations.values()]
    assert all("security" not in operation for operation in told)
    assert all(not {"401", "403", "429"} & operation["responses"].keys() for operation in told)
