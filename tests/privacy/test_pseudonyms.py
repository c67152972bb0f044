"""Keyed pseudonyms and the policy: the same id is the same person, nothing raw gets in, columns go or aren't used."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest

from graphrec import queries
from graphrec.errors import InputError
from graphrec.frames import FramesWriter
from graphrec.privacy import policy as rules
from graphrec.privacy.entry import Entry, entry_of
from graphrec.privacy.policy import LEAST_PEOPLE, Policy, read_policy
from graphrec.privacy.pseudonyms import FILE, FILE_VARIABLE, KEY_VARIABLE, Pseudonyms, make_key, read_key
from loaders import load_frames

KEY = Pseudonyms(b"k" * 32)


@pytest.fixture(autouse=True)
def _no_key_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (KEY_VARIABLE, FILE_VARIABLE):
        monkeypatch.delenv(name, raising=False)


def declare(home: Path, text: str) -> Path:
    home.mkdir(exist_ok=True)
    (home / rules.FILE).write_text(text, "utf-8")
    return home


def test_the_same_id_has_one_pseudonym_under_one_key() -> None:
    names = [KEY.of(f"user {n}") for n in range(2_000)]
    assert len(set(names)) == len(names)
    assert names == [Pseudonyms(b"k" * 32).of(f"user {n}") for n in range(2_000)]
    assert not set(names) & {Pseudonyms(b"j" * 32).of(f"user {n}") for n in range(2_000)}
    assert all(len(name) == 34 and name.isascii() for name in names)
    assert "kkk" not in repr(KEY)
    assert KEY.fingerprint != Pseudonyms(b"j" * 32).fingerprint


def test_a_pseudonym_is_its_own_and_nothing_is_hashed_twice() -> None:
    name = KEY.of("anna")
    assert KEY.of(name) == name
    assert Pseudonyms(b"j" * 32).of(name) != name, "under another key it is an id like any other"
    for other in (name[:-1] + ("a" if name[-1] != "a" else "b"), name.upper(), name[:-1], f"p-{'a' * 32}"):
        assert KEY.of(other) != other


def test_two_spellings_of_one_id_have_one_pseudonym() -> None:
    entry = Entry(Policy(), KEY)
    assert entry.user("caf\u00e9") == entry.user("cafe\u0301") != entry.user("cafe")
    column = pa.chunked_array([["b", "a"], ["b"]])
    assert entry.users(column).to_pylist() == [KEY.of("b"), KEY.of("a"), KEY.of("b")]
    encoded = pa.chunked_array([pa.array(["b"]).dictionary_encode(), pa.array(["a", "b"]).dictionary_encode()])
    assert entry.users(encoded).to_pylist() == [KEY.of("b"), KEY.of("a"), KEY.of("b")]
    assert Entry().user("b") == "b"


def test_the_key_lies_in_a_file_of_its_owner_or_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = declare(tmp_path / "home", "[ids]\npseudonyms = true\n")
    with pytest.raises(InputError, match="expected the key of pseudonyms in"):
        entry_of(home)
    made = entry_of(home, makes_key=True)
    assert (home / FILE).stat().st_mode & 0o777 == 0o600
    assert entry_of(home) == entry_of(home, makes_key=True) == made, "a key is made once"
    if os.name == "posix":
        (home / FILE).chmod(0o640)
        with pytest.raises(InputError, match="found mode 640; chmod 600 it"):
            entry_of(home)
        (home / FILE).chmod(0o600)
    elsewhere = tmp_path / "elsewhere" / "key"
    monkeypatch.setenv(FILE_VARIABLE, str(elsewhere))
    assert make_key(home) == elsewhere
    assert read_key(home) != read_key_of(home / FILE)
    monkeypatch.setenv(KEY_VARIABLE, "too short")
    with pytest.raises(InputError, match="expected a key of 32 characters or more in the variable"):
        entry_of(home)
    monkeypatch.setenv(KEY_VARIABLE, "k" * 32)
    assert entry_of(home).user("x") == KEY.of("x")


def read_key_of(path: Path) -> bytes:
    return path.read_text("utf-8").strip().encode()


def test_files_are_staged_by_pseudonyms_and_without_dropped_columns(tmp_path: Path) -> None:
    """What was loaded before and what is loaded later meet; the staging folder holds no raw id."""
    policy = Policy.model_validate({"columns": {"drop": ["users.email", "items.title", "items.price"]}})
    entry = Entry(policy, KEY)
    with FramesWriter(tmp_path / "one", "one", "test", entry) as writer:
        writer.add("users", pa.table({"user_id": ["annabella"], "email": ["a@b.example"], "plan": ["gold"]}))
        writer.add("items", pa.table({"item_id": ["i"], "title": ["T"], "price": [3.0], "year": [1990]}))
        writer.add("follows", pa.table({"user_id": ["annabella"], "followee_id": ["bartholomew"]}))
        writer.add("interactions", pa.table({"user_id": ["annabella"], "item_id": ["i"], "kind": ["like"]}))
        frames = writer.finish()
    assert frames.table("users").to_pylist() == [{"user_id": KEY.of("annabella"), "plan": "gold"}]
    assert frames.table("items").to_pylist() == [{"item_id": "i", "title": None, "year": 1990}]
    assert frames.table("follows").to_pylist() == [
        {"user_id": KEY.of("annabella"), "followee_id": KEY.of("bartholomew")}
    ]
    (tmp_path / "two.csv").write_text("user,item,rating\nannabella,i,4\ncleopatra,j,3\n", "utf-8")
    later = load_frames(tmp_path / "two.csv", staging=tmp_path / "staged", entry=entry)
    assert set(later.table("interactions")["user_id"].to_pylist()) == {KEY.of("annabella"), KEY.of("cleopatra")}
    for path in [*(tmp_path / "one").rglob("*"), *(tmp_path / "staged").rglob("*")]:
        raw = path.read_bytes() if path.is_file() else b""
        assert not any(name in raw for name in (b"annabella", b"bartholomew", b"cleopatra", b"a@b.example")), path


def test_changes_come_in_by_pseudonyms_and_without_dropped_columns() -> None:
    policy = Policy.model_validate({"columns": {"drop": ["users.email", "items.title", "items.price"]}})
    entry = Entry(policy, KEY)
    said = {"what": "put_user", "user_id": "a", "follows": ["b"], "properties": {"email": "x", "plan": "y"}}
    assert entry.change(said) == {
        "what": "put_user", "user_id": KEY.of("a"), "follows": [KEY.of("b")], "properties": {"plan": "y"},
    }  # fmt: skip
    said = {"what": "put_item", "item_id": "i", "title": "T", "properties": {"price": 3, "year": 1}, "tags": {"t": 1.0}}
    assert entry.change(said) == {"what": "put_item", "item_id": "i", "properties": {"year": 1}, "tags": {"t": 1.0}}


@pytest.mark.parametrize(
    ("column", "may"),
    [
        ("users.age", False),
        ("users.Gender", False),
        ("users.zip_code", True),
        ("users.plan", True),
        ("users.faith", False),
        ("users.email", False),
        ("items.age", True),
        ("items.director_gender", False),
    ],
)
def test_what_is_sensitive_is_used_only_where_the_policy_allows_it(tmp_path: Path, column: str, may: bool) -> None:
    declared = """
    [columns]
    drop = ["users.email"]
    sensitive = ["users.faith", "items.director_gender"]
    allow = ["users.zip_code", "users.email"]
    """
    policy = read_policy(declare(tmp_path, declared))
    assert policy.may_use(*column.split(".")) is may


def test_no_query_reads_a_demographic_property() -> None:
    """The graph keeps them; nothing that recommends, trains or explains knows their names."""
    for name, query in queries.all_queries().items():
        words = set(query.text.replace(".", " ").replace("{", " ").replace("}", " ").replace(":", " ").split())
        assert not {f"u.{column}" for column in rules.DEMOGRAPHIC} & set(query.text.split()), name
        assert not words & (set(rules.DEMOGRAPHIC) - {"age"}), name


def test_the_threshold_of_the_queries_is_that_of_the_policy() -> None:
    taking = [query for query in queries.all_queries().values() if "least_people" in query.defaults]
    assert len(taking) == 4
    assert {query.defaults["least_people"] for query in taking} == {LEAST_PEOPLE}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[ids]\npseudonym = true", "ids.pseudonym: expected a key that is known"),
        ("[ids]\npseudonyms = 'yes'", "ids.pseudonyms"),
        ("[reasons]\nleast_people = 0", "reasons.least_people"),
        ("[columns]\ndrop = ['email']", "expected a column as users.NAME or items.NAME, found 'email'"),
        ("[colums]\ndrop = []", "colums: expected a key that is known"),
        ("[publish]\ntotal_epsilon = -1", "publish.total_epsilon"),
        ("[ids", "expected a policy as TOML"),
    ],
)
def test_a_policy_that_cannot_be_read_is_told(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=rules.FILE) as caught:
        read_policy(declare(tmp_path, text))
    assert says in str(caught.value)


def test_a_policy_that_changes_counts_from_then_on(tmp_path: Path) -> None:
    assert read_policy(tmp_path).reasons.least_people == LEAST_PEOPLE
    assert read_policy(declare(tmp_path, "[reasons]\nleast_people = 7")).reasons.least_people == 7
    assert read_policy(declare(tmp_path, "[reasons]\nleast_people = 11")).reasons.least_people == 11
