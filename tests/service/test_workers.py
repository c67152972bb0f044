"""`graphrec serve` with two workers, as it is started: experiments from the first list to the report, numbers of both
workers as one, logs without what is personal, and spans that reach a receiver.

The tests go on from one another: the last ones end a worker, and then the service.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from shop import N_USERS, stock, wait
from traces import read_spans, receiver
from typer.testing import CliRunner

from graphrec.cli.app import app
from graphrec.cli.verbs import experiment as verb  # noqa: F401
from graphrec.experiments import Store
from graphrec.experiments.store import FILE
from graphrec.graph import Graph
from graphrec.journal import JOURNAL, Journal
from graphrec.service.keys import add_key, remove_key
from graphrec.serving.prepare import prepare
from graphrec.versions import current
from tests.conftest import empty

DECLARED = """
[[experiment]]
name = "order"
traffic = "60%"
window = "1s"
variant = [
  {name = "plain", recommender = "blend"},
  {name = "diverse", recommender = "blend", settings = {diversity = 0.8, explore = 0.3}},
]

[[experiment]]
name = "drafted"
kind = "interleaving"
traffic = "60%"
window = "1s"
variant = [{name = "memory", recommender = ["blend", "popular"]}, {name = "graph", recommender = "popular"}]
"""
SECRETS = ("Rumpelstiltskin", "Schneewittchen", "Froschkoenig", "Aschenputtel")


@dataclass
class Running:
    """A service of two workers, its log, and the bodies that a receiver of traces got."""

    url: str
    key: str
    home: Path
    config: Path
    log: Path
    traces: list[bytes]
    process: subprocess.Popen[bytes]

    def ask(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and body, over a connection of its own, so that either worker may answer."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **headers}
        request = urllib.request.Request(self.url + path, data, {name.replace("_", "-"): v for name, v in sent.items()})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text, status = answer.read(), answer.status
        except urllib.error.HTTPError as error:
            with error:
                text, status = error.read(), error.code
        return status, json.loads(text) if text.startswith(b"{") else text.decode()

    def list_of(self, user: str, query: str = "") -> Any:
        status, answer = self.ask(f"/v1/users/{user}/recommendations{query}")
        assert status == 200, answer
        return answer

    def number(self, name: str) -> float:
        """A number of the metrics, 0 where it isn't there."""
        lines = (line.rpartition(" ") for line in self.ask("/metrics")[1].splitlines())
        return next((float(value) for told, _, value in lines if told == name), 0.0)

    def report(self, name: str) -> Any:
        options = ["--config", str(self.config), "--home", str(self.home), "--json"]
        return json.loads(CliRunner().invoke(app, ["experiment", "report", name, *options]).stdout)

    @property
    def store(self) -> Store:
        return Store(self.home / FILE)


@pytest.fixture(scope="module")
def running(session_graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder, home = tmp_path_factory.mktemp("service"), session_graph.home
    empty(session_graph)
    shutil.rmtree(home / "experiments", ignore_errors=True)
    stock(session_graph, folder / "frames")
    live = current(session_graph, "blend")
    assert live
    prepare(session_graph, live)  # here, so that the workers needn't
    config, log = folder / "trials.toml", folder / "log"
    config.write_text(DECLARED, "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    key = add_key(home, "web", ["admin"])
    command = [sys.executable, "-m", "graphrec", "serve", "--home", str(home), "--port", str(port), "--workers", "2"]
    command += ["--budget", "10", "--max-body", "20000", "--experiments", str(config)]
    command += ["--log-format", "json", "--log-level", "info"]
    with receiver() as (to, traces), log.open("wb") as out:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("NEO4J_", "OTEL_"))}
        environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{to}", "OTEL_BSP_SCHEDULE_DELAY": "200"}
        process = subprocess.Popen(command, stderr=out, env=environment)
        try:
            service = Running(f"http://127.0.0.1:{port}", key, home, config, log, traces, process)
            wait(lambda: is_open(port), 120)
            wait(lambda: service.number("graphrec_workers") == 2, 120)
            yield service
        finally:
            process.terminate()
            process.wait(30)
            remove_key(home, "web")
            shutil.rmtree(home / "experiments", ignore_errors=True)


def is_open(port: int) -> bool:
    with socket.socket() as found:
        return found.connect_ex(("127.0.0.1", port)) == 0


def click(running: Running, n: int, item: str) -> None:
    event = {"event_id": f"click-{n}", "user_id": f"u{n}", "item_id": item, "kind": "click"}
    assert running.ask("/v1/events", event | {"at": time.time_ns() // 1_000_000})[0] == 202


def test_an_experiment_from_the_first_list_to_the_report(running: Running) -> None:
    shown, clicked, wins = Counter[str](), Counter[str](), Counter[str]()
    answers, n_alone = [], 0
    for n in range(N_USERS):
        answer = running.list_of(f"u{n}", "?k=6&explore=0" if n % 2 else "?k=6")
        variant = answer["variant"]
        if variant is None:
            answer = running.list_of(f"u{n}", "?k=6&explore=0.5&seed=3")
            assert answer["variant"] is None
            n_alone += 1
        elif "order" in variant:
            shown[variant["order"]] += 1
            assert not any("team" in item for item in answer["items"])
            if n % 3 == 0:
                click(running, n, answer["items"][2]["item_id"])
                clicked[variant["order"]] += 1
        else:
            assert variant == {"drafted": None}
            teams = {item["team"]: item["item_id"] for item in reversed(answer["items"])}
            assert {"memory", "graph"} <= set(teams) <= {"memory", "graph", None}
            team = "graph" if n % 4 else "memory"
            click(running, n, teams[team])
            wins[team] += 1
        answers.append(answer)
    last = time.time()
    assert set(shown) == {"plain", "diverse"}
    assert wins
    assert n_alone
    n_events = clicked.total() + wins.total()
    wait(lambda: len(running.store.read("SELECT 1 FROM impressions")) == N_USERS)
    wait(lambda: len(running.store.read("SELECT 1 FROM outcomes")) == n_events)
    kept = {row[0]: row[1:] for row in running.store.read("SELECT request_id, user_id, policy, items FROM impressions")}
    for answer in answers:
        user, policy, items = kept[answer["request_id"]]
        assert user == answer["user_id"]
        assert policy == " > ".join([answer["strategy"], *answer["fallbacks"]])
        told = [[item["item_id"], item.get("team"), item["probability"], item["rank"]] for item in answer["items"]]
        assert json.loads(items) == told
    alone = running.store.read("SELECT COUNT(*) FROM impressions WHERE experiment = ''")
    assert alone == [(n_alone,)]
    time.sleep(max(0.0, last + 1.1 - time.time()))
    rows = {row["variant"]: row for row in running.report("order")["rows"]}
    assert {name: row["users"] for name, row in rows.items()} == shown
    assert {name: row["judged"] for name, row in rows.items()} == shown
    assert {name: row["converted"] for name, row in rows.items()} == {"plain": 0, "diverse": 0} | clicked
    rate = {name: clicked[name] / shown[name] for name in shown}
    assert rows["diverse"]["uplift"]["estimate"] == pytest.approx(rate["diverse"] / rate["plain"] - 1)
    assert running.report("drafted")["preference"]["wins"] == [wins["memory"], wins["graph"]]
    wait(lambda: running.number('graphrec_recordings_total{what="written"}') == N_USERS + n_events)
    assert running.number('graphrec_recordings_total{what="dropped"}') == 0


def test_a_variant_decides_and_pages_of_a_draft_go_on(running: Running) -> None:
    with Journal(running.home / JOURNAL) as journal:
        wait(lambda: journal.stats().waiting == 0)  # so that the drafted team that asks Neo4j finds the same each time
    found = {f"u{n}": running.list_of(f"u{n}", "?k=4") for n in range(N_USERS)}
    drafted = next(user for user, answer in found.items() if answer["variant"] == {"drafted": None})
    assert running.list_of(drafted, "?k=4")["items"] == found[drafted]["items"]
    second = running.list_of(drafted, f"?k=4&cursor={found[drafted]['next']}")["items"]
    both = running.list_of(drafted, "?k=8")["items"]
    assert [item["item_id"] for item in both] == [item["item_id"] for item in found[drafted]["items"] + second]
    assert [item["team"] for item in both] == [item["team"] for item in found[drafted]["items"] + second]
    assert {item["probability"] for item in both} <= {0.5, 1.0}
    assert found[drafted]["strategy"] == "interleaved"
    diverse = next(user for user, answer in found.items() if answer["variant"] == {"order": "diverse"})
    assert any(item["probability"] < 1 for item in running.list_of(diverse, "?k=8")["items"])
    named = running.list_of(drafted, "?k=4&with=popular")
    assert (named["variant"], named["strategy"]) == (None, "popular")
    explored = running.list_of(drafted, "?k=4&explore=0.5")
    assert explored["variant"] is None
    assert running.ask("/v1/popular")[1]["variant"] is None


def test_the_numbers_are_those_of_both_workers(running: Running) -> None:
    name = 'graphrec_requests_total{method="GET",path="/v1/items/{item_id:path}/similar",status="200"}'
    for _ in range(20):
        assert running.ask("/v1/items/i0/similar")[0] == 200
    assert [running.number(name) for _ in range(6)] == [20] * 6
    assert running.number('graphrec_answer_seconds_count{strategy="similar"}') == 20
    for stage in ("rank", "body", "graph", "draft", "journal"):
        assert running.number(f'graphrec_stage_seconds_count{{stage="{stage}"}}') > 0, stage
    assert running.number("graphrec_queue_seconds_count") > 0
    assert running.number("graphrec_model_version") > 0
    assert running.number("graphrec_model_age_seconds") > 0
    assert running.number("graphrec_degraded") == 0


def test_logs_and_traces_hold_nothing_that_a_client_wrote(running: Running) -> None:
    user, value, wrong, event = SECRETS
    mine = {"X_Request_Id": "mine-1"}
    asked = {
        f"/v1/users/{user}/recommendations?k=3": 200,
        f"/v1/users/{user}/recommendations?k={value}": 422,
        f"/v1/users/{user}/recommendations?where={value}=1": 400,
        f"/v1/users/{user}/recommendations?{value}=1": 422,
        f"/v1/users/{user}/recommendations?with={value}": 400,
        f"/v1/items/{user}/similar": 404,
        f"/v1/users/{user}/recommendations/i0/explanation": 404,
        f"/{user}?x={value}": 404,
        f"/v1/users/{user}/recommendations?with=walk": 200,
    }
    for path, status in asked.items():
        found, body = running.ask(path, **mine)
        assert (found, body["request_id"]) == (status, "mine-1"), path
    status, body = running.ask(f"/v1/users/{user}/recommendations", Authorization=f"Bearer {wrong}", **mine)
    assert (status, body["request_id"]) == (401, "mine-1")
    bad = {"event_id": event, "user_id": user, "item_id": "", "kind": value}
    assert running.ask("/v1/events", bad, **mine)[0] == 422
    assert running.ask("/v1/events", b'{"' + value.encode(), **mine)[0] == 422
    assert running.ask("/v1/events", {**bad, "item_id": "x" * 30_000}, **mine)[0] == 413
    assert running.ask("/v1/popular", X_Request_Id=f"{user} is mine")[1]["request_id"].isalnum()
    requests: list[dict[str, Any]] = []
    wait(lambda: len(read_requests(running.log, requests)) == len(asked) + 4)
    spans: list[Any] = []
    listed = "/v1/users/{user_id:path}/recommendations"
    awaited = {f"GET {listed}", "GET other", "POST /v1/events", "rank", "body", "draft", "graph", "journal"}
    wait(lambda: awaited <= {span.name for span in read_spans(running.traces, spans)})  # each worker sends its own
    told = running.log.read_text("utf-8")
    for secret in (*SECRETS, running.key, *(f'"{each}"' for each in ("u0", "u1", "u2", "i0"))):
        assert secret not in told, secret
        assert secret.encode() not in b"".join(running.traces), secret
    of_mine = Counter((line["route"], line["status"]) for line in requests)
    assert of_mine[listed, 200] == 2
    assert of_mine[listed, 422] + of_mine[listed, 400] == 4
    assert of_mine["other", 401] == 1
    assert of_mine["other", 404] == 1
    assert all({"method", "ms", "level", "time"} <= line.keys() for line in requests)
    assert {line.get("strategy") for line in requests} > {None}
    parents = {span.span_id: span for span in spans}
    assert any(span.name == "rank" and parents[span.parent_span_id].name == f"GET {listed}" for span in spans)


def read_requests(log: Path, into: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of the requests that are called mine-1; each line of the log but the first is JSON."""
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()[1:]]
    into[:] = [line for line in lines if line.get("request_id") == "mine-1" and line["logger"] == "graphrec.request"]
    return into


def test_a_worker_that_dies_takes_no_numbers_with_it(running: Running) -> None:
    name = 'graphrec_requests_total{method="GET",path="/v1/items/{item_id:path}/similar",status="200"}'
    before = running.number(name)
    workers = [
        child for child in psutil.Process(running.process.pid).children() if "spawn_main" in str(child.cmdline())
    ]
    assert len(workers) == 2
    workers[0].kill()
    wait(lambda: numbers_after_death(running)[0] == 1)
    assert numbers_after_death(running)[1] >= before


def numbers_after_death(running: Running) -> tuple[float, float]:
    """Workers, and requests that were counted; a connection that the dead one had taken is tried again."""
    name = 'graphrec_requests_total{method="GET",path="/v1/items/{item_id:path}/similar",status="200"}'
    try:
        return running.number("graphrec_workers"), running.number(name)
    except OSError:
        return 0.0, 0.0


def test_what_was_shown_last_is_kept_when_the_service_ends(running: Running) -> None:
    answer = next(found for n in range(N_USERS) if (found := running.list_of(f"u{n}"))["variant"] is not None)
    os.kill(running.process.pid, signal.SIGTERM)
    running.process.wait(60)
    rows = running.store.read("SELECT user_id FROM impressions WHERE request_id = ?", (answer["request_id"],))
    assert rows == [(answer["user_id"],)]
