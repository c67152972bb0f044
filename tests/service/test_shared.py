"""Numbers of several processes become one, and what services that ended left is removed at the next start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from graphrec.service.shared import FOLDER, shared_numbers

WORKER = """
import os, sys
from graphrec.service.metrics import Metrics
metrics = Metrics()
metrics.request("GET", "/v1/popular", 200, strategy="popular", seconds=0.003)
metrics.set(workers=1, model_version=int(sys.argv[1]), journal_waiting=int(sys.argv[1]))
print(metrics.text().decode())
if sys.argv[2] == "stay":
    sys.stdin.read()
"""


def test_what_ended_is_removed_and_what_runs_is_kept(tmp_path: Path) -> None:
    place = tmp_path / "service" / "metrics"
    with shared_numbers(tmp_path) as first:
        assert os.environ[FOLDER] == str(first)
        (first / "counter_1.db").write_bytes(b"")
        with shared_numbers(tmp_path) as second:
            assert second != first
            assert list(first.iterdir())
            assert not list(second.iterdir())
    assert FOLDER not in os.environ
    with shared_numbers(tmp_path) as third:
        assert [path for path in place.iterdir() if path.is_dir()] == [third]


def test_the_sums_are_those_of_all_and_the_gauges_those_of_the_living(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))

    def start(version: int, stays: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WORKER, str(version), stays]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    start(3, "end").communicate()
    stays = start(5, "stay")
    assert stays.stdout
    assert stays.stdout.readline()
    text = start(4, "end").communicate()[0]
    stays.communicate("")
    asked = 'graphrec_requests_total{method="GET",path="/v1/popular",status="200"}'
    for line in (
        f"{asked} 3.0",
        'graphrec_answer_seconds_count{strategy="popular"} 3.0',
        'graphrec_request_seconds_bucket{le="0.002",path="/v1/popular"} 0.0',
        'graphrec_request_seconds_bucket{le="0.005",path="/v1/popular"} 3.0',
        "graphrec_workers 2.0",
        "graphrec_model_version 4.0",
        "graphrec_journal_waiting 4.0",
    ):
        assert f"\n{line}\n" in text, line
