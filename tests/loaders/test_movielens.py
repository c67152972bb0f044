"""MovieLens in its three notations."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import MOVIELENS_CSV, load, rows, write, zipped

from graphrec.errors import InputError
from loaders import recognise

U_DATA = "196\t242\t3\t881250949\n186\t302\t3\t891717742\n196\t302\t5\t881250949\n"
GENRES = "|0" * 19


def test_csv_with_titles_genres_tags_and_links(tmp_path: Path) -> None:
    frames = load(write(tmp_path / "ml", MOVIELENS_CSV), tmp_path)
    assert frames.format == "MovieLens CSV"
    assert rows(frames) == [
        ("1", "1029", "rating", 3.0, 1260759179000),
        ("1", "31", "rating", 2.5, 1260759144000),
        ("2", "31", "rating", 0.5, 835355493000),
    ]
    assert rows(frames, "items") == [
        ("1029", "Dumbo (1941)", 1941, "0033563", None),
        ("31", "American President, The (1995)", 1995, "0114709", "862"),
        ("5", "No Year", None, None, None),
    ]
    assert rows(frames, "item_tags") == [("1029", "Children"), ("31", "Comedy"), ("31", "Drama")]
    assert rows(frames, "taggings") == [("2", "31", "a, b", 1445714995000), ("2", "31", "so “good”", 1445714994000)]


@pytest.mark.parametrize("inside", ["", "ml-latest-small/", "a/b/c/ml/"])
def test_a_zip_at_any_depth_gives_what_the_folder_gives(tmp_path: Path, inside: str) -> None:
    from_zip = load(zipped(tmp_path / "ml.zip", MOVIELENS_CSV, inside), tmp_path)
    from_folder = load(write(tmp_path / "ml", MOVIELENS_CSV), tmp_path)
    for table in ("interactions", "items", "item_tags", "taggings"):
        assert rows(from_zip, table) == rows(from_folder, table)


def test_the_ratings_alone_under_another_name(tmp_path: Path) -> None:
    ratings = write(tmp_path / "one", {"mine.txt": MOVIELENS_CSV["ratings.csv"]}) / "mine.txt"
    frames = load(ratings, tmp_path)
    assert frames.format == "MovieLens CSV"
    assert frames.counts == {"interactions": 3}


def test_100k_in_latin_1(tmp_path: Path) -> None:
    item = f"242|Kolya (1996)|24-Jan-1997||http://x?Kolya{GENRES[:-2]}|1\n"
    item += f"302|Misérables, Les (1995)|01-Jan-1995||{GENRES}\n"
    files: dict[str, str | bytes] = {
        "u.data": U_DATA,
        "u.item": item.encode("latin-1"),
        "u.user": "196|49|M|writer|55105\n186|39|F|executive|00000\n",
        "u1.base": U_DATA,
        "u.genre": "unknown|0\n",
    }
    frames = load(write(tmp_path / "ml-100k", files), tmp_path)
    assert frames.format == "MovieLens 100K"
    assert rows(frames)[0] == ("186", "302", "rating", 3.0, 891717742000)
    assert frames.counts["interactions"] == 3
    items = {row["item_id"]: (row["title"], row["year"]) for row in frames.table("items").to_pylist()}
    assert items == {"242": ("Kolya (1996)", 1996), "302": ("Misérables, Les (1995)", 1995)}
    assert rows(frames, "item_tags") == [("242", "Western")]
    assert rows(frames, "users") == [
        ("186", 39, "F", "executive", "00000"),
        ("196", 49, "M", "writer", "55105"),
    ]


def test_1m_with_colons(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "ratings.dat": "1::1193::5::978300760\r\n1::661::3::978302109\r\n",
        "movies.dat": "1193::Cuckoo's Nest: A Café (1975)::Drama\n661::James (1996)::Animation|Children's\n".encode(
            "latin-1"
        ),
        "users.dat": "1::F::1::10::48067\n",
        "README": "x\n",
    }
    frames = load(write(tmp_path / "ml-1m", files), tmp_path)
    assert rows(frames) == [("1", "1193", "rating", 5.0, 978300760000), ("1", "661", "rating", 3.0, 978302109000)]
    assert rows(frames, "items")[0] == ("1193", "Cuckoo's Nest: A Café (1975)", 1975)
    assert rows(frames, "item_tags") == [("1193", "Drama"), ("661", "Animation"), ("661", "Children's")]
    assert rows(frames, "users") == [("1", "F", 1, "10", "48067")]


def test_10m_with_half_stars_and_tags(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "ratings.dat": "1::122::4.5::838985046\n",
        "movies.dat": "122::Boomerang (1992)::Comedy|Romance\n",
        "tags.dat": "15::122::excellent!::1215184630\n",
    }
    frames = load(write(tmp_path / "ml-10m", files), tmp_path)
    assert rows(frames) == [("1", "122", "rating", 4.5, 838985046000)]
    assert rows(frames, "taggings") == [("15", "122", "excellent!", 1215184630000)]


def test_the_name_of_the_format_is_told_without_loading(tmp_path: Path) -> None:
    assert recognise(write(tmp_path / "ml", MOVIELENS_CSV)).name == "MovieLens CSV"


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [("u.data", "1\t2\t3\t881250949\n", "1\t2\tx\t881250949\n"), ("ratings.dat", "1::2::3::978300760\n", "1::2\n")],
)
def test_a_malformed_first_line_is_told_as_such(tmp_path: Path, name: str, good: str, bad: str) -> None:
    with pytest.raises(InputError, match=rf"^{name} line 1: expected"):
        load(write(tmp_path / "ml", {name: bad + good}), tmp_path)
