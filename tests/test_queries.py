"""Query files and their contract, the table in the README, and the parameters of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from graphrec import queries
from graphrec.cli.app import app
from graphrec.cli.verbs import queries as list_verb
from graphrec.cli.verbs import query as query_verb
from graphrec.errors import InputError, QueryError
from graphrec.kinds import DEFAULT_WEIGHT, KIND_WEIGHTS

GOOD = """// Items of a kind.
//
// $k: how many (default 10)
// $how: one of up, down (default "up")
// $kind: the kind, not $k in a 'string $nothing'
// returns: item_id, n
// access: read
// :param {k: 10, how: 'up', kind: 'view'}
MATCH (i:Item) WHERE i.kind = $kind AND i.how = $how // $comment
RETURN DISTINCT i.item_id AS item_id, COUNT { MATCH (i)--(x) RETURN x } AS n
ORDER BY n LIMIT $k
"""


def parsed(folder: Path, text: str) -> queries.Query:
    path = folder / "some" / "name.cypher"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return queries.parse(path, folder)


def test_a_file_is_read(tmp_path: Path) -> None:
    query = parsed(tmp_path, GOOD)
    assert (query.name, query.summary, query.returns) == ("some/name", "Items of a kind.", ("item_id", "n"))
    assert query.complete({"kind": "view"}) == {"k": 10, "how": "up", "kind": "view"}
    assert query.complete({"kind": "view", "k": 3})["k"] == 3
    assert queries.example_parameters(query) == {"k": 10, "how": "up", "kind": "view"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Items of a kind.", "Items", "first line"),
        ("access: read", "access: sometimes", "expected 'access"),
        ("// $k: how many (default 10)\n", "", "undeclared \\['k'\\]"),
        ("LIMIT $k", "", "unused \\['k'\\]"),
        ("default 10", "default ten", "default in JSON, found 'ten'"),
        ("returns: item_id, n", "returns: item_id", "declares to return"),
        ("returns: item_id, n\n", "about: it\n", "declares what it returns"),
    ],
)
def test_a_broken_contract_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(QueryError, match=message):
        parsed(tmp_path, GOOD.replace(old, new))


def test_wrong_parameters_are_told(tmp_path: Path) -> None:
    query = parsed(tmp_path, GOOD)
    with pytest.raises(QueryError, match="takes the parameters k, how, kind; missing kind and unknown size"):
        query.complete({"size": 3})
    with pytest.raises(QueryError, match="expected how to be one of up, down, found 'left'"):
        query.complete({"kind": "view", "how": "left"})


def test_every_file_keeps_its_contract() -> None:
    found = queries.all_queries()
    assert {"walk/recommend", "cooccurrence/similar", "popular/items", "users/seen"} <= set(found)
    assert len(found) == len(list(queries.folder().rglob("*.cypher")))


def test_every_order_of_scores_ends_with_an_id() -> None:
    for query in queries.all_queries().values():
        for line in query.text.splitlines():
            if "ORDER BY round(" in line:
                assert any(key in line for key in ("_id", "name")), f"{query.name}: {line}"


def test_default_weights_are_those_of_the_table_of_kinds() -> None:
    wanted = {kind: weight for kind, weight in KIND_WEIGHTS.items() if weight != DEFAULT_WEIGHT}
    taking = [query for query in queries.all_queries().values() if "kind_weights" in query.defaults]
    assert taking
    for query in taking:
        assert query.defaults["kind_weights"] == wanted, query.name


def test_the_readme_lists_the_queries() -> None:
    text = (queries.folder() / "README.md").read_text(encoding="utf-8")
    between = text.partition(queries.TABLE_MARKS[0])[2].partition(queries.TABLE_MARKS[1])[0].strip()
    assert between == queries.table(), "run python -m graphrec.queries"


def test_unknown_names_are_told() -> None:
    for name in ("walk/nothing", "../pyproject", "/etc/passwd", "walk/recommend.cypher"):
        with pytest.raises(QueryError, match="no query"):
            queries.get(name)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("item_id=50", "50"),
        ('item_id="50"', "50"),
        ("item_ids=50", ["50"]),
        ("item_ids=50,51", ["50", "51"]),
        ('item_ids=[50, "x"]', ["50", "x"]),
        ("excluded=[50]", ["50"]),
        ("k=10", 10),
        ("beta=0.5", 0.5),
        ("allowed=null", None),
        ("include_seen=true", True),
        ("normalisation=lift", "lift"),
        ("version=a=b", "a=b"),
    ],
)
def test_parameters_of_the_command_line(text: str, value: object) -> None:
    assert query_verb.read_parameter(queries.get("walk/from_item"), text) == (text.split("=", maxsplit=1)[0], value)


def test_a_parameter_without_a_value_is_told() -> None:
    with pytest.raises(InputError, match="name=value, found 'k'"):
        query_verb.read_parameter(queries.get("walk/from_item"), "k")


def test_the_command_line_lists_and_tells() -> None:
    assert list_verb.queries is not query_verb.query
    listed = CliRunner().invoke(app, ["queries", "walk", "--json"])
    assert listed.exit_code == 0
    assert '"name": "walk/recommend"' in listed.output
    assert '"name": "items/cards"' not in listed.output
    told = CliRunner().invoke(app, ["query", "walk/recommend", "--about"])
    assert "max_people" in told.output


def test_a_write_needs_to_be_allowed() -> None:
    found = CliRunner().invoke(app, ["query", "cooccurrence/clear_similar"])
    assert isinstance(found.exception, QueryError | InputError)
    assert "say --write to allow it" in str(found.exception)


def test_a_query_is_run(graph: object) -> None:
    made = CliRunner().invoke(app, ["query", "cooccurrence/clear_similar", "--write", "--json"])
    assert made.output == '[\n  {\n    "removed": 0\n  }\n]\n'
    found = CliRunner().invoke(app, ["query", "popular/items", "--param", "k=3", "--csv"])
    assert found.output == "item_id,score,rank,people\n"
