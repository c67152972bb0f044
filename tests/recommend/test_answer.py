"""Answers with titles, explanations and their pictures, and the commands, on a toy worked by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from toy import load_toy
from typer.testing import CliRunner

import graphrec
from graphrec.cli.app import app
from graphrec.cli.verbs import explain as _explain  # noqa: F401  (registers the command)
from graphrec.cli.verbs import recommend as _recommend  # noqa: F401
from graphrec.cli.verbs import similar as _similar  # noqa: F401
from graphrec.errors import InputError, UnknownIdError
from graphrec.graph import Graph
from graphrec.privacy.policy import FILE
from graphrec.recommend.explain import Explanation, Reason
from graphrec.recommend.plot import plot_explanation, subgraph


def test_answers(graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="graphrec load"):
        graphrec.recommend(graph, "ann")
    load_toy(graph, tmp_path / "frames")
    _few_people(graph, tmp_path)
    with policy(graph, least_people=1):
        _answers(graph, tmp_path)


@contextmanager
def policy(graph: Graph, *, least_people: int) -> Iterator[None]:
    """A toy has few people."""
    path = graph.home / FILE
    path.write_text(f"[reasons]\nleast_people = {least_people}\n", "utf-8")
    try:
        yield
    finally:
        path.unlink()


def _few_people(graph: Graph, tmp_path: Path) -> None:
    """Fewer than the policy lets be counted: other reasons, true all the same, in lists, paths, plots and queries."""
    walk = graphrec.recommend(graph, "ann", k=5, model="walk")
    assert walk["reason"].tolist() == ["because you liked Alien"]
    lists = [graphrec.recommend(graph, "ann", k=5, model=name) for name in ("cooccurrence", "popular", "trending")]
    lists += [graphrec.recommend(graph, "eve", k=5, model="friends"), graphrec.recommend(graph, "zoe", k=2)]
    lists += [graphrec.recommend(graph, items={"b": 1.0}, k=2, model=name) for name in ("walk", "cooccurrence")]
    lists += [graphrec.similar(graph, "a", model=name) for name in ("walk", "cooccurrence")]
    for table in lists:
        assert not re.search("person|people|[0-9]", " ".join(table["reason"])), table["reason"].tolist()
    for user, item, name in (
        ("ann", "c", "walk"),
        ("ann", "c", "cooccurrence"),
        ("ann", "a", "popular"),
        ("eve", "c", "friends"),
    ):
        why = graphrec.explain(graph, user, item, model=name)
        assert why.reasons
        assert not re.search("person|people|[0-9]", " ".join(reason.text for reason in why.reasons))
        assert "people" not in {kind for reason in why.reasons for kind, _ in reason.path}
        assert "people" not in {kind for _, kind in subgraph(why).nodes(data="kind")}
    rows = graph.read("walk/explain", wanted=[{"user_id": "ann", "item_ids": ["c"]}])
    assert {(row["people"], row["share"]) for row in rows} == {(None, None)}
    picture = tmp_path / "few.svg"
    assert CliRunner().invoke(app, ["explain", "ann", "c", "--with", "walk", "--plot", str(picture)]).exit_code == 0
    assert "people" not in picture.read_text("utf-8")
    with policy(graph, least_people=2):
        two = graphrec.explain(graph, "ann", "c", model="walk").reasons
        assert [reason.text for reason in two] == [
            "2 people who liked Alien also liked Casablanca",
            "Casablanca goes well with Blade Runner, which you liked",
        ]
        assert [reason.part is None for reason in two] == [False, True]


def _answers(graph: Graph, tmp_path: Path) -> None:
    found = graphrec.recommend(graph, "ann", k=5, model="walk")
    assert found[["rank", "item_id", "title"]].to_numpy().tolist() == [[1, "c", "Casablanca"]]
    assert found["reason"].tolist() == ["2 people who liked Alien also liked this"]
    assert found["tags"].tolist() == [["war"]]
    assert found.attrs == {"model": "walk", "note": None}
    _unknown_users_and_items(graph)
    _explanations(graph, tmp_path)
    _commands(tmp_path)


def _unknown_users_and_items(graph: Graph) -> None:
    nobody = graphrec.recommend(graph, "zoe", k=2)
    assert nobody["item_id"].tolist() == ["a", "b"]
    assert nobody["reason"].iloc[0] == "3 people liked it"
    assert nobody.attrs["note"] == "no user 'zoe' in the graph; these are the popular items"
    visitor = graphrec.recommend(graph, items={"b": 1.0}, k=2, model="cooccurrence")
    assert visitor["item_id"].tolist()[0] == "a"
    assert visitor["reason"].iloc[0] == "2 people who liked Blade Runner also liked this"
    cold = graphrec.similar(graph, "e", model="walk")
    assert "e" not in cold["item_id"].tolist()
    assert "popular items" in cold.attrs["note"]
    by_tags = graphrec.similar(graph, "e", model="tags")
    assert by_tags["title"].tolist() == ["Alien"]
    with pytest.raises(
        UnknownIdError, match=r"no item 'x9' in the graph; check the id \(ids look like 'a', 'b', 'c'\)"
    ):
        graphrec.similar(graph, "x9")
    with pytest.raises(UnknownIdError, match="x9"):
        graphrec.recommend(graph, items={"x9": 1.0})
    with pytest.raises(UnknownIdError, match="no user 'zoe'") as caught:
        graphrec.explain(graph, "zoe", "a")
    assert "ann" not in str(caught.value), "no other person's id is told"


def _explanations(graph: Graph, tmp_path: Path) -> None:
    walk = graphrec.explain(graph, "ann", "c", model="walk")
    assert [reason.text for reason in walk.reasons] == [
        "2 people who liked Alien also liked Casablanca",
        "1 person who liked Blade Runner also liked Casablanca",
    ]
    assert walk.score is not None
    assert sum(reason.part or 0 for reason in walk.reasons) == pytest.approx(walk.score)
    assert walk.reasons[0].path == (
        ("user", "user ann"),
        ("item", "Alien"),
        ("people", "2 people"),
        ("item", "Casablanca"),
    )
    assert not walk.seen
    assert graphrec.explain(graph, "ann", "a", model="popular").seen
    friends = graphrec.explain(graph, "eve", "c", model="friends")
    assert [reason.text for reason in friends.reasons] == ["2 of the people you follow liked Casablanca"]
    tags = graphrec.explain(graph, "dee", "c", model="tags")
    assert [reason.text for reason in tags.reasons] == ["Casablanca is tagged war, like 1 item you like"]
    assert tags.reasons[0].part == pytest.approx(tags.score)
    assert graphrec.explain(graph, "dee", "e", model="walk").score is None
    for explanation in (walk, friends, tags):
        said = json.dumps(
            [reason.text for reason in explanation.reasons] + [reason.path for reason in explanation.reasons]
        )
        assert not {"bob", "cid"} & set(said.replace('"', " ").split()), "people are told as counts only"


def _commands(tmp_path: Path) -> None:
    run = CliRunner()
    table = run.invoke(app, ["recommend", "ann", "-k", "3", "--with", "walk"])
    assert table.exit_code == 0
    assert "Casablanca" in table.output
    answer = json.loads(run.invoke(app, ["recommend", "ann", "--with", "walk", "--json"]).stdout)
    assert answer["items"][0] | {"score": 0} == {
        "item_id": "c", "rank": 1, "reason": "2 people who liked Alien also liked this", "score": 0,
        "tags": ["war"], "title": "Casablanca",
    }  # fmt: skip
    visitor = json.loads(run.invoke(app, ["recommend", "--item", "b=2", "--with", "walk", "--json"]).stdout)
    assert visitor["items"][0]["item_id"] == "a"
    near = json.loads(run.invoke(app, ["similar", "a", "--with", "cooccurrence", "--json"]).stdout)
    assert {row["item_id"] for row in near["items"]} == {"b", "c"}
    picture = tmp_path / "why.png"
    why = run.invoke(app, ["explain", "ann", "c", "--with", "walk", "--plot", str(picture)])
    assert why.exit_code == 0
    assert "2 people who liked Alien" in why.output
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_a_plot_shows_people_as_one_node_with_their_number(tmp_path: Path) -> None:
    path = (("user", "user 1"), ("item", "Alien"), ("people", "12 people"), ("item", "Aliens"))
    other = (("user", "user 1"), ("item", "Brazil"), ("people", "12 people"), ("item", "Aliens"))
    explanation = Explanation("1", "x", "Aliens", "walk", 0.5, False, (Reason("a", 0.3, path), Reason("b", 0.2, other)))
    drawn = subgraph(explanation)
    labels = sorted(label for _, label in drawn.nodes(data="label"))
    assert labels == ["12 people", "12 people", "Alien", "Aliens", "Brazil", "user 1"]
    assert drawn.number_of_edges() == 6
    plot_explanation(explanation, tmp_path / "why.svg")
    assert "<svg" in (tmp_path / "why.svg").read_text(encoding="utf-8")
    with pytest.raises(InputError, match=r"\.png, \.svg or \.pdf"):
        plot_explanation(explanation, tmp_path / "why.txt")
