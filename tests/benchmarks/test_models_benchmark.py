"""The comparison of models: the figures of `graphrec evaluate`, searches in their bounds, results that are kept."""

from __future__ import annotations

import operator
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from graphrec.evaluation import evaluate

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MINE = ("children", "contest", "models", "peers", "scale", "snapshots", "generate")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The scripts as modules, which they are to each other."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    for name in [name for name in sys.modules if name.split(".")[0] in MINE]:
        monkeypatch.delitem(sys.modules, name)
    import children
    import models
    import peers.base
    import scale
    from contest import child, data, plot, results, table

    return SimpleNamespace(
        base=peers.base,
        child=child,
        children=children,
        data=data,
        models=models,
        plot=plot,
        results=results,
        scale=scale,
        table=table,
    )


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set in the shape of MovieLens: two tastes, and times."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(1)
    lines = ["userId,movieId,rating,timestamp"]
    for user in range(60):
        likes = np.where(np.arange(80) % 2 == user % 2, 3.0, 1.0) / (np.arange(80) + 5)
        for n, item in enumerate(rng.choice(80, 15, replace=False, p=likes / likes.sum())):
            lines.append(f"{user + 1},{item + 1},4.0,{1_000_000_000 + 1000 * n + user}")
    (folder / "ml-latest-small").mkdir()
    (folder / "ml-latest-small" / "ratings.csv").write_text("\n".join(lines) + "\n")
    titles = "\n".join(f"{n + 1},Film {n + 1} (2000),Drama" for n in range(80))
    (folder / "ml-latest-small" / "movies.csv").write_text(f"movieId,title,genres\n{titles}\n")
    return folder


@pytest.mark.parametrize("model", ["popular", "p3alpha"])
def test_a_run_measures_what_evaluate_measures(bench: Any, ratings: Path, tmp_path: Path, model: str) -> None:
    bench.data.deal("ml-latest-small", ratings, tmp_path, None)
    sent: list[Any] = []
    bench.child.fit(sent.append, tmp_path / "test.npz", model, {}, 60.0)
    wanted = evaluate(ratings / "ml-latest-small", [model], ks=(20,)).rows[0]
    assert sent[0] == bench.child.READY
    assert sent[2]["recall@20"] > 0
    for name in ("recall@20", "ndcg@20", "coverage@20"):
        assert sent[2][name] == pytest.approx(wanted[name], abs=1e-5)
    assert sent[2]["fit_s"] == pytest.approx(sent[1], abs=1e-3)
    assert sent[2]["peak_gib"] > 0


def test_a_search_begins_with_the_defaults_and_stays_in_the_space(bench: Any, ratings: Path, tmp_path: Path) -> None:
    bench.data.deal("ml-latest-small", ratings, tmp_path, 20)
    runs: list[list[Any]] = [[], []]
    for sent in runs:
        bench.child.search(sent.append, tmp_path / "search.npz", "p3alpha", 4, 1)
    searchable, *trials = runs[0]
    assert searchable is True
    assert [trial["settings"] for trial in trials] == [trial["settings"] for trial in runs[1][1:]]
    assert trials[0]["settings"] == {}
    assert all(0 <= trial["settings"]["beta"] <= 1 for trial in trials[1:])
    best = bench.models.best_of(trials)
    assert best in [t["settings"] for t in trials if t["recall@20"] == max(t["recall@20"] for t in trials)]
    nothing: list[Any] = []
    bench.child.search(nothing.append, tmp_path / "search.npz", "popular", 4, 1)
    assert nothing[0] is False
    assert len(nothing) == 2


def test_settings_are_searched_on_pairs_that_no_test_holds(bench: Any, ratings: Path, tmp_path: Path) -> None:
    bench.data.deal("ml-latest-small", ratings, tmp_path, None)
    parts = {name: bench.data.read_part(tmp_path / f"{name}.npz") for name in ("test", "search")}
    test, search = (set(part.test.itertuples(index=False, name=None)) for part in parts.values())
    assert test
    assert search
    assert not test & search
    assert parts["search"].snapshot.matrix.nnz + len(search) <= parts["test"].snapshot.matrix.nnz


def test_a_list_with_a_seen_item_or_one_twice_is_refused(bench: Any, ratings: Path, tmp_path: Path) -> None:
    bench.data.deal("ml-latest-small", ratings, tmp_path, None)
    part = bench.data.read_part(tmp_path / "test.npz")
    matrix = part.snapshot.matrix
    with pytest.raises(ValueError, match="has seen"):
        bench.child.figures_of(part, np.array([0]), matrix.indices[None, :1])
    unseen = np.setdiff1d(np.arange(matrix.shape[1]), matrix.indices[: matrix.indptr[1]])[0]
    with pytest.raises(ValueError, match="twice"):
        bench.child.figures_of(part, np.array([0]), np.array([[unseen, unseen]]))


def test_the_best_unseen_columns_are_those_of_a_sort(bench: Any) -> None:
    rng = np.random.default_rng(2)
    scores = rng.permutation(24).reshape(3, 8).astype(np.float64)
    seen = sparse.csr_array(np.array([[1, 0, 1, 0, 0, 0, 0, 0], [0] * 8, [1, 1, 1, 1, 1, 1, 0, 1]]))
    masked = np.where(seen.toarray() > 0, -np.inf, scores)
    found = bench.base.best_unseen(scores.copy(), seen, 4)
    for row in range(3):
        wanted = [n for n in np.argsort(-masked[row]) if np.isfinite(masked[row, n])][:4]
        assert found[row].tolist() == wanted + [-1] * (4 - len(wanted))


def test_a_child_sends_and_is_cut_off_and_says_what_went_wrong(bench: Any) -> None:
    with bench.children.Child(operator.call, 7) as child:
        assert child.receive(60) == 7
        with pytest.raises(bench.children.CutError, match="ended with exit code 0"):
            child.receive(60)
    with (
        bench.children.Child(operator.call, 7) as child,
        pytest.raises(bench.children.CutError, match="cut off after 0 s"),
    ):
        child.receive(0)
    with (
        bench.children.Child(operator.truediv, 7) as child,
        pytest.raises(bench.children.CutError, match="TypeError: unsupported operand"),
    ):
        child.receive(60)


def test_results_are_found_again_and_a_half_line_is_passed_over(bench: Any, tmp_path: Path) -> None:
    results = bench.results.Results(tmp_path / "out" / "results.jsonl")
    assert results.find({"model": "a"}) is None
    results.add({"model": "a", "limit_s": 5})
    with results.path.open("a") as file:
        file.write('{"model": "b", "lim')
    results.add({"model": "c", "limit_s": 5})
    assert results.find({"model": "a", "limit_s": 5}) == {"model": "a", "limit_s": 5}
    assert results.find({"model": "a", "limit_s": 6}) is None
    assert [row["model"] for row in results.rows()] == ["a", "c"]


def test_only_what_is_asked_for_is_run(bench: Any) -> None:
    assert dict(bench.models.wanted(["gowalla:lightgcn", "lastfm:p3*"])) == {
        "gowalla": ["lightgcn"],
        "lastfm": ["p3alpha"],
    }
    assert list(dict(bench.models.wanted([]))) == list(bench.data.DATASETS)
    assert "implicit-als" in dict(bench.models.wanted(["ml-100k"]))["ml-100k"]


ROWS = (
    {"dataset": "lastfm", "model": "ease", "package": "graphrec 1", "chosen": "defaults", "recall@20": 0.2}
    | {"ndcg@20": 0.1, "coverage@20": 0.5, "fit_s": 3.0, "recommend_s": 1.0, "peak_gib": 0.5, "note": ""},
    {"dataset": "lastfm", "model": "pyg-lightgcn", "package": "torch-geometric 2", "chosen": "searched", "trials": 3}
    | {"settings": {"epochs": 9}, "recall@20": 0.3, "ndcg@20": 0.2, "coverage@20": 0.5, "fit_s": 60.0}
    | {"recommend_s": 1.0, "peak_gib": 0.5, "note": "cut off after 2.0 of 9 epochs"},
    {"dataset": "lastfm", "model": "lenskit-ease", "package": "lenskit 3", "chosen": "defaults"}
    | {"note": "cut off at 16 GiB of memory"},
)


def test_the_table_shows_the_best_first_and_what_was_cut_off(bench: Any) -> None:
    lines = bench.table.markdown(ROWS).splitlines()[2:]
    assert [line.split("`")[1] for line in lines] == ["pyg-lightgcn", "ease", "lenskit-ease"]
    assert "| **0.3000** | **0.2000** |" in lines[0]
    assert "best of 3: epochs 9" in lines[0]
    assert "cut off after 2.0 of 9 epochs" in lines[0]
    assert lines[2].endswith("| – | – | – | – | – | – | cut off at 16 GiB of memory |")
    assert {line.count("|") for line in lines} == {12}


def test_a_search_that_found_nothing_better_is_one_line_with_the_defaults(bench: Any) -> None:
    again = {**ROWS[0], "chosen": "searched", "trials": 7, "settings": {}}
    better = {**again, "model": "p3alpha", "settings": {"beta": 0.1}}
    lines = bench.table.markdown([ROWS[0], again, {**ROWS[0], "model": "p3alpha"}, better]).splitlines()[2:]
    assert [line.split("|")[4].strip() for line in lines] == ["best of 7: defaults", "defaults", "best of 7: beta 0.1"]


def test_the_plot_is_drawn(bench: Any, tmp_path: Path) -> None:
    bench.plot.draw(ROWS, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    heights = bench.plot.spread(np.array([0.1, 0.11, 0.12, 0.9]), 0.05)
    assert (np.diff(heights) > 0.05 - 1e-6).all()
    assert heights[3] == pytest.approx(0.9)


def test_growth_is_measured_against_the_rows(bench: Any) -> None:
    first = {"rows": 100, "step": "x", "seconds": 2.0, "cores_s": 1.0, "peak_gib": 1.0}
    second = {"rows": 300, "step": "x", "seconds": 9.0, "cores_s": 3.0, "peak_gib": 13.0}
    assert bench.scale.growth(second, first, "seconds") == pytest.approx(1.5)
    assert bench.scale.missed(second, first) == "more than 1.3 times linear, more than 12 GiB"
    assert bench.scale.missed(first, first) == ""
    assert "| x | 300 |  | 9.0 | 1.50 | 3.0 | 1.00 | 13.00 |" in bench.scale.table([first, second])
