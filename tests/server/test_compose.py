"""The compose file says what it should. It is read here, not run: that takes a Docker engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from graphrec.server.jars import NEO4J_VERSION

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return found


def test_neo4j_is_the_version_that_the_local_server_has(compose: dict[str, Any]):
    assert compose["services"]["neo4j"]["image"] == f"neo4j:{NEO4J_VERSION}-community"


def test_the_password_comes_from_the_environment_and_has_no_default(compose: dict[str, Any]):
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    uses = re.findall(r"\$\{NEO4J_PASSWORD(.*?)\}", text)
    assert len(uses) == 3
    assert all(use.startswith(":?") for use in uses)
    assert compose["services"]["neo4j"]["environment"]["NEO4J_AUTH"].startswith("neo4j/${NEO4J_PASSWORD:?")


def test_ports_are_published_on_loopback_alone(compose: dict[str, Any]):
    ports = [port for service in ("neo4j", "serve") for port in compose["services"][service]["ports"]]
    assert len(ports) == 3
    assert all(str(port).startswith("127.0.0.1:") for port in ports)


def test_named_volumes_are_declared_and_data_are_kept(compose: dict[str, Any]):
    used = {v.split(":")[0] for service in compose["services"].values() for v in service["volumes"] if v[0].isalpha()}
    assert used == set(compose["volumes"])
    assert "neo4j-data:/data" in compose["services"]["neo4j"]["volumes"]


def test_neo4j_has_a_health_check_and_limits(compose: dict[str, Any]):
    neo4j = compose["services"]["neo4j"]
    assert neo4j["healthcheck"]["test"][0] == "CMD-SHELL"
    assert "$${NEO4J_AUTH#neo4j/}" in neo4j["healthcheck"]["test"][1], "a single $ would be filled in by compose"
    assert {"mem_limit"} <= set(neo4j)
    assert "NEO4J_server_memory_heap_max__size" in neo4j["environment"]
    assert compose["services"]["graphrec"]["depends_on"]["neo4j"]["condition"] == "service_healthy"


def test_the_image_has_what_the_package_is_built_from():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = {name for line in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE) for name in line.split()}
    assert {"pyproject.toml", "README.md", "graphrec", "loaders", "cypher"} <= copied
    assert all((ROOT / name).exists() for name in copied)
