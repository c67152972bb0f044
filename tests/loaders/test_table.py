"""Any table: obvious columns, mapped ones, every container, ids that nothing may change."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import tarfile
import unicodedata
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small import load, rows, write

from graphrec.errors import InputError
from graphrec.ids import id_problem
from loaders import load_frames

EVENTS = 'user_id,item_id,rating,timestamp\n007,a b,4.5,964982703\n7,"x,""y""",1,2009-04-01T10:00:00Z\n🎬,é,,\n'
EXPECTED = [
    ("007", "a b", "rating", 4.5, 964982703000),
    ("7", 'x,"y"', "rating", 1.0, 1238580000000),
    ("🎬", "é", "rating", None, None),
]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("e.csv", EVENTS.encode()),
        ("e.csv", b"\xef\xbb\xbf" + EVENTS.encode()),
        ("e.csv", EVENTS.replace("\n", "\r\n").encode()),
        ("e.csv", b"\n\n" + EVENTS.rstrip("\n").encode()),
        ("e.csv", EVENTS.encode("utf-16")),
        ("e.csv.gz", gzip.compress(EVENTS[:30].encode()) + gzip.compress(EVENTS[30:].encode())),
        ("e.csv.bz2", bz2.compress(EVENTS.encode())),
        ("e.csv.xz", lzma.compress(EVENTS.encode())),
        ("e.csv.zst", pa.compress(EVENTS.encode(), "zstd", asbytes=True)),
        ("renamed.csv", gzip.compress(EVENTS.encode())),
    ],
)
def test_one_table_in_many_wrappings(tmp_path: Path, name: str, content: bytes) -> None:
    path = write(tmp_path / "t", {name: content}) / name
    assert rows(load(path, tmp_path)) == EXPECTED


def test_other_notations_of_the_same_rows(tmp_path: Path) -> None:
    parsed = list(csv.DictReader(io.StringIO(EVENTS)))
    objects = [{k: v for k, v in row.items() if v} | {"rating": float(row["rating"] or 0) or None} for row in parsed]
    files: dict[str, str | bytes] = {
        "e.tsv": 'user\titem\tstars\tts\n007\ta b\t4.5\t964982703\n7\t"x,""y"""\t1\t1238580000000\n🎬\té\t\t\n',
        "e.jsonl": "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in objects),
        "e.json": "\n".join(json.dumps(row) for row in objects),
    }
    for name, content in files.items():
        assert rows(load(write(tmp_path / name, {name: content}) / name, tmp_path)) == EXPECTED


def test_parquet_with_real_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "user_id": pa.array([7, 8, 8]),
            "item_id": pa.array(["a", "b", "a"]).dictionary_encode(),
            "rating": pa.array([4.5, None, float("nan")], pa.float32()),
            "at": pa.array([964982703000, None, 5], pa.timestamp("ms")),
        }
    )
    path = tmp_path / "e.parquet"
    pq.write_table(table, path)
    assert rows(load(path, tmp_path)) == [
        ("7", "a", "rating", 4.5, 964982703000),
        ("8", "a", "rating", None, 5),
        ("8", "b", "rating", None, None),
    ]
    pq.write_table(table.set_column(0, "user_id", pa.array([1.0, 2.0, 3.0])), path)
    with pytest.raises(InputError, match=r"^e.parquet row 1: expected an id in user_id, found 1.0$"):
        load(path, tmp_path)


def test_a_tar(tmp_path: Path) -> None:
    write(tmp_path / "t", {"e.csv": EVENTS})
    with tarfile.open(tmp_path / "t.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "t" / "e.csv", "deep/er/e.csv")
    assert rows(load(tmp_path / "t.tar.gz", tmp_path)) == EXPECTED


def test_mapped_columns(tmp_path: Path) -> None:
    content = "who;what;how;n;w;x\nu;i;purchase;3;0.5;1\nu;i;view;1;;2\n"
    path = write(tmp_path / "t", {"log.txt": content}) / "log.txt"
    with pytest.raises(InputError, match=r"log.txt has the columns who, what, how, n, w, x\. .*--columns user=NAME"):
        load(path, tmp_path)
    columns = {"user": "who", "item": "what", "kind": "how", "count": "n", "weight": "w"}
    expected = [("u", "i", "purchase", 3, 0.5), ("u", "i", "view", 1, None)]
    assert rows(load(path, tmp_path, columns=columns)) == expected
    assert {row[2] for row in rows(load(path, tmp_path, columns=columns, kind="like"))} == {"like"}
    with pytest.raises(InputError, match=r"expected one of user, item, kind, .* found 'usr'"):
        load(path, tmp_path, columns={"usr": "who"})


def test_columns_by_position_without_a_header(tmp_path: Path) -> None:
    path = write(tmp_path / "t", {"log.csv": "5,u,i\n3,v,j\n"}) / "log.csv"
    frames = load(path, tmp_path, columns={"user": "2", "item": "3", "rating": "1"})
    assert rows(frames) == [("u", "i", "rating", 5.0), ("v", "j", "rating", 3.0)]


@pytest.mark.parametrize("count", ["-1", "0", "2.5", "many", "nan", "99999999999999999999"])
def test_a_count_is_a_whole_number_from_1(tmp_path: Path, count: str) -> None:
    path = write(tmp_path / "t", {"e.csv": f"user,item,count\nu,i,2\nu,j,3.0\nu,k,{count}\n"}) / "e.csv"
    with pytest.raises(
        InputError, match=f"e.csv line 4: expected a whole number of 1 or more in count, found '{count}'"
    ):
        load(path, tmp_path)
    assert rows(load(path, tmp_path, rejects=tmp_path / "r.csv"))[-1] == ("u", "j", "interaction", 3)


def test_tables_beside_each_other(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "ratings.csv": "user,item,rating\nu,i,4\n",
        "items.csv": "item_id,name,genres,Release Year\ni,Film,A|B,1999\n",
        "users.csv": "user_id,Home Town\nu,Ulm\n",
        "friends.csv": "user_id,friend_id\nu,v\n",
        "tags.csv": "user,item,tag,timestamp\nu,i,odd,964982703\n",
    }
    frames = load(write(tmp_path / "t", files), tmp_path)
    assert rows(frames) == [("u", "i", "rating", 4.0)]
    assert frames.table("items").to_pylist() == [{"item_id": "i", "title": "Film", "release_year": "1999"}]
    assert frames.table("users").to_pylist() == [{"user_id": "u", "home_town": "Ulm"}]
    assert rows(frames, "item_tags") == [("i", "A"), ("i", "B")]
    assert rows(frames, "follows") == [("u", "v")]
    assert rows(frames, "taggings") == [("u", "i", "odd", 964982703000)]


def test_parts_of_one_table_are_read_as_one(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"part-{n}.csv": f"user_id,item_id\nu,{n}\n" for n in range(3)}
    assert load(write(tmp_path / "t", files), tmp_path).counts == {"interactions": 3}


def test_two_data_sets_in_one_folder_are_not_mixed(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"{name}/train.txt": "1 2 3\n" for name in ("a", "b")}
    with pytest.raises(InputError, match=r"expected one data set .* adjacency lists in a, adjacency lists in b; give"):
        load(write(tmp_path / "t", files), tmp_path)


def test_progress_ends_with_everything(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = write(tmp_path / "t", {"e.csv": EVENTS}) / "e.csv"
    load(path, tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(EVENTS.encode()), len(EVENTS.encode()))
    assert all(before[0] <= after[0] for before, after in pairwise(seen))


IDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(st.tuples(IDS, IDS), min_size=1, max_size=8))
def test_any_id_comes_back_from_csv_in_normal_form_c(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("ids")
    with (folder / "e.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(("user_id", "item_id"))
        writer.writerows(pairs)
    wanted = {tuple(unicodedata.normalize("NFC", text) for text in pair) for pair in pairs}
    assert not any(id_problem(text) for pair in wanted for text in pair)
    frames = load_frames(folder / "e.csv", staging=folder / "staged")
    table = frames.table("interactions")
    assert set(zip(table["user_id"].to_pylist(), table["item_id"].to_pylist(), strict=True)) == wanted
    assert table.num_rows == len(wanted)
