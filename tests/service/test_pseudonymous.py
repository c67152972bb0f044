"""A home with pseudonyms, from loading to serving: clients and commands go on using their own ids, and no file of the
home, no log and no graph holds one of them."""

from __future__ import annotations

import logging
import mmap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from shop import drained, ids, opened, rows, wait
from typer.testing import CliRunner

import graphrec
from graphrec.cli.app import app
from graphrec.cli.verbs import load as _load  # noqa: F401
from graphrec.cli.verbs import opt as _opt  # noqa: F401
from graphrec.cli.verbs import query as _query  # noqa: F401
from graphrec.cli.verbs import recommend as _recommend  # noqa: F401
from graphrec.errors import InputError
from graphrec.graph import Graph
from graphrec.ingest.binding import check_bound
from graphrec.ingest.schema import ensure_schema
from graphrec.privacy import policy, pseudonyms
from graphrec.privacy.entry import Entry, entry_of
from graphrec.service.logs import JsonLines
from tests.conftest import empty

N_USERS = 24
RNG = np.random.default_rng()  # new names each time, so that nothing of an earlier run is found
NAMES = ["".join(RNG.choice(list("abcdefghijklmnopqrstuvwxyz"), 32)) for _ in range(N_USERS)]
SECRET = "".join(RNG.choice(list("abcdefghijklmnopqrstuvwxyz"), 32))
DECLARED = """
[ids]
pseudonyms = true

[columns]
drop = ["users.email"]
sensitive = ["items.director_gender"]
"""


@pytest.fixture(scope="module")
def home(session_graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """Loaded by the command from a file with raw ids; two circles of taste."""
    empty(session_graph)
    ensure_schema(session_graph)
    place = session_graph.home
    files = [place / policy.FILE, place / pseudonyms.FILE]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHREC_HOME", str(place))
        for name in ("NEO4J_URI", pseudonyms.KEY_VARIABLE, pseudonyms.FILE_VARIABLE):
            patch.delenv(name, raising=False)
        files[0].write_text(DECLARED, "utf-8")
        rows = [f"{name},i{n},like,{1000 + n}" for u, name in enumerate(NAMES) for n in range(u % 2, 12, 2) if n != u]
        csv = tmp_path_factory.mktemp("raw") / "likes.csv"
        csv.write_text("user,item,kind,time\n" + "\n".join(rows) + "\n", "utf-8")
        for _ in range(2):
            done = CliRunner().invoke(app, ["load", str(csv)])
            assert done.exit_code == 0, done.output
        yield session_graph
    for file in files:
        file.unlink()
    (place / "privacy.toml").unlink(missing_ok=True)


@pytest.fixture(scope="module")
def lines() -> Iterator[list[str]]:
    """All that is logged, by anybody, at `info`."""
    found: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not record.name.startswith("httpx"):  # the client's own, which knows its ids
                found.append(self.format(record) + record.getMessage())

    logger, handler = logging.getLogger(), Kept()
    handler.setFormatter(JsonLines())
    levels = {each: logging.getLogger(each).level for each in ("", "graphrec")}
    logger.addHandler(handler)
    for each in levels:
        logging.getLogger(each).setLevel(logging.INFO)
    yield found
    logger.removeHandler(handler)
    for each, level in levels.items():
        logging.getLogger(each).setLevel(level)


@pytest.fixture(scope="module")
def client(home: Graph, lines: list[str]) -> Iterator[TestClient]:
    with opened(home, budget_s=60.0) as found:
        yield found


def test_loading_events_and_questions_mean_the_same_person(home: Graph, client: TestClient) -> None:
    entry = entry_of(home.home)
    known = {row[0] for row in rows(home, "MATCH (u:User) RETURN u.user_id")}
    assert known == {entry.user(name) for name in NAMES}, "loaded twice, and each once"
    who, other = NAMES[1], NAMES[3]
    before = ids(client.get(f"/v1/users/{who}/recommendations?k=20&with=walk"))
    walked = graphrec.recommend(home, who, k=20, model="walk")
    assert walked.attrs["model"] == "walk"
    assert before[: len(walked)] == walked["item_id"].tolist()
    event = {"event_id": "e1", "user_id": who, "item_id": before[0], "kind": "like"}
    assert client.post("/v1/events", json=event).json() == {"new": 1, "repeated": 0}
    assert before[0] not in ids(client.get(f"/v1/users/{who}/recommendations?k=20"))
    assert ids(client.get(f"/v1/users/{entry.user(who)}/recommendations?k=20")) == ids(
        client.get(f"/v1/users/{who}/recommendations?k=20")
    ), "a pseudonym may be asked for, too"
    said = {"properties": {"email": SECRET, "plan": "gold", "age": 40}, "follows": [other, "a new one"]}
    taken = client.put(f"/v1/users/{who}", json=said)
    assert taken.json()["taken"]["properties"] == {"plan": "gold", "age": 40}
    assert client.post(f"/v1/users/{who}/onboarding", json={"liked": ["i2"]}).status_code == 202
    drained(client)
    assert {row[0] for row in rows(home, "MATCH (u:User) RETURN u.user_id")} - known == {entry.user("a new one")}
    query = "MATCH (u:User {user_id: $who})-[:FOLLOWS]->(v) WITH u, v ORDER BY v.user_id "
    query += "RETURN u.plan, u.age, u.email, collect(v.user_id)"
    wanted = ["gold", 40, None, sorted([entry.user(other), entry.user("a new one")])]
    assert rows(home, query, who=entry.user(who)) == [wanted]
    assert rows(home, "MATCH (e:Event) RETURN DISTINCT e.user_id") == [[entry.user(who)]]
    done = CliRunner().invoke(app, ["recommend", who, "--with", "walk", "--json"])
    assert '"model": "walk"' in done.output
    done = CliRunner().invoke(app, ["query", "users/seen", "--param", f'user_ids=["{who}"]', "--json"])
    assert before[0] in done.output
    done = CliRunner().invoke(app, ["opt-out", NAMES[5]])
    assert done.exit_code == 0, done.output
    wait(lambda: client.get(f"/v1/users/{NAMES[5]}/opt-out").json()["opted_out"])
    assert client.delete(f"/v1/users/{NAMES[7]}").status_code == 202
    drained(client)
    assert rows(home, "MATCH (u:User {user_id: $who}) RETURN u", who=entry.user(NAMES[7])) == []


def test_a_sensitive_property_of_items_is_kept_but_filters_nothing(home: Graph, client: TestClient) -> None:
    said = {"properties": {"director_gender": "x", "year": 1999}}
    assert client.put("/v1/items/i4", json=said).json()["taken"]["properties"] == said["properties"]
    drained(client)
    assert rows(home, "MATCH (i:Item {item_id: 'i4'}) RETURN i.director_gender, i.year") == [["x", 1999]]
    for _ in range(2):
        assert client.get("/v1/popular?where=year=1999").status_code == 200
        refused = client.get("/v1/popular", params={"where": "director_gender=x"})
        assert refused.status_code == 400, refused.text
        client.app.state.service.keeper.reload()  # type: ignore[attr-defined]


def test_no_raw_id_is_anywhere(home: Graph, client: TestClient, lines: list[str]) -> None:
    who = NAMES[9]
    odd = {"event_id": "odd", "user_id": who, "item_id": "i1", "rating": "many"}
    assert client.post("/v1/events", json=odd).status_code == 422
    assert client.get(f"/v1/users/{who}/recommendations?k=x").status_code == 422
    assert client.get(f"/v1/users/{who}/recommendations/nothing/explanation").status_code == 404
    assert client.get(f"/v1/users/{who}/recommendations/i1/explanation").status_code == 200
    assert client.post("/v1/events", content=f'{{"user_id": "{who}"'.encode()).status_code in (400, 422)
    drained(client)
    assert len(lines) > 10
    told = "\n".join(lines)
    assert not [name for name in (*NAMES, SECRET) if name in told]
    found = [path for path in home.home.rglob("*") if path.is_file() and holds(path, (*NAMES, SECRET))]
    assert not found, "files with a raw id"
    key = (home.home / pseudonyms.FILE).read_text("utf-8").strip()
    others = [path for path in home.home.rglob("*") if path.is_file() and holds(path, (key,))]
    assert others == [home.home / pseudonyms.FILE], "the key lies beside the graph, and nowhere else"


def holds(path: Path, words: tuple[str, ...]) -> bool:
    """Whether a file holds one of some words, in UTF-8 or UTF-16."""
    try:
        if not path.stat().st_size:
            return False
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            coded = [word.encode(code) for word in words for code in ("utf-8", "utf-16-le", "utf-16-be")]
            return any(data.find(each) >= 0 for each in coded)
    except FileNotFoundError:  # gone meanwhile
        return False


def test_a_graph_belongs_to_one_key(home: Graph, tmp_path: Path) -> None:
    mine = entry_of(home.home)
    assert mine.pseudonyms is not None
    assert check_bound(home, mine) == mine.pseudonyms.fingerprint
    with pytest.raises(InputError, match="the graph holds pseudonyms, but the policy doesn't ask for them"):
        check_bound(home, Entry())
    with pytest.raises(InputError, match="were made with another key"):
        check_bound(home, Entry(mine.policy, pseudonyms.Pseudonyms(b"another key of 32 characters....")))
    rows(home, "MATCH (g:Graph) REMOVE g.pseudonym_key")
    with pytest.raises(InputError, match="the graph holds users by their own ids"):
        check_bound(home, mine)
    rows(home, "MATCH (g:Graph) SET g.pseudonym_key = $mark", mark=mine.pseudonyms.fingerprint)
