"""Advice: what is seen in the data, which recommenders are tried, and what is chosen among them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from graphrec.advising import advise, choose, look
from graphrec.advising.advice import METRIC
from graphrec.advising.candidates import candidates
from graphrec.cli.app import app
from graphrec.cli.verbs import advise as _advise  # noqa: F401  (registers the command)
from graphrec.cli.verbs import recommend as _recommend  # noqa: F401  (with two, the commands have names)
from graphrec.errors import InputError
from graphrec.frames import Frames, FramesWriter


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Frames:
    """Forty people who rate ten of the twelve items of their half; half of the items have a tag."""
    events = [(f"u{u}", f"i{(u % 2) * 12 + i}", u, i) for u in range(40) for i in range(12) if (u * 5 + i) % 6]
    with FramesWriter(tmp_path_factory.mktemp("frames"), "shop", "test") as writer:
        columns = {
            "user_id": [user for user, _, _, _ in events],
            "item_id": [item for _, item, _, _ in events],
            "kind": ["rating"] * len(events),
            "rating": [float(1 + (u + i) % 5) for _, _, u, i in events],
            "at": [1000 * u + (i * 7 + u) % 12 for _, _, u, i in events],
        }
        writer.add("interactions", pa.table(columns))
        writer.add("item_tags", pa.table({"item_id": [f"i{n}" for n in range(12)], "tag": ["x"] * 12}))
        return writer.finish()


def test_what_is_seen(shop: Frames) -> None:
    seen = look(shop)
    assert (seen.n_users, seen.n_items, seen.n_pairs) == (40, 24, 400)
    assert seen.density == pytest.approx(400 / (40 * 24))
    assert (seen.feedback, seen.timed, seen.tagged, seen.n_follows) == ("ratings", 1.0, 0.5, 0)
    assert (seen.median_items, seen.hardly_known) == (10, 0)
    names = [one.name for one in candidates(seen)]
    assert names[0] == "popular"
    assert {"ease", "lightgcn", "blend"} <= set(names)
    assert "gfcf" not in names, "the data aren't sparse"


def test_the_quickest_of_the_best_is_chosen() -> None:
    rng = np.random.default_rng(1)
    users = rng.random((200, 1))
    values = {"slow": users + 0.2, "quick": users + 0.2 + rng.normal(0, 0.01, (200, 1)), "poor": users}
    rows = [
        {"model": name, METRIC: float(values[name].mean()), "fit_s": seconds, "recommend_s": 0.0}
        for name, seconds in (("slow", 90.0), ("quick", 2.0), ("poor", 0.1))
    ]
    use, why = choose(rows, values)
    assert use == "quick"
    assert "No difference was found between it and quick" in why[1]
    assert why[2] == "Found to be worse: poor."


def test_the_budget_ends_it_and_what_was_not_measured_is_told(shop: Frames) -> None:
    found = advise(shop, budget=0.001)
    assert found.use == "popular"
    assert found.rows[0]["model"] == "popular"
    left = [row for row in found.rows if "note" in row]
    assert {row["note"] for row in left} == {"the budget was used up before"}
    assert "a larger budget may change this" in found.why[-1]
    with pytest.raises(InputError, match="budget above 0"):
        advise(shop, budget=0)


def test_the_command_says_what_to_train(tmp_path: Path) -> None:
    lines = ["user,item,timestamp"]
    lines += [f"u{u},i{(u * i) % 13},{1_600_000_000 + u * 100 + i}" for u in range(1, 13) for i in range(1, 9)]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    run = CliRunner()
    said = run.invoke(app, ["advise", str(path), "--budget", "1s"])
    assert said.exit_code == 0, said.output
    assert "Feedback is implicit" in said.output
    assert said.output.splitlines()[-1].startswith("Use ")
    assert "graphrec recommend USER --with " in said.output.splitlines()[-1]
    assert "Only 12 users were measured" in said.output
    told = json.loads(run.invoke(app, ["advise", str(path), "--budget", "1s", "--json"]).stdout)
    assert told["use"] in {row["model"] for row in told["rows"]}
