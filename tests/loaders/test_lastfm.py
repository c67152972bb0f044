"""HetRec Last.fm: counts, names of tags in cp1252, friendships, line ends of either kind."""

from __future__ import annotations

from pathlib import Path

from small import load, rows, write

FILES: dict[str, str | bytes] = {
    "user_artists.dat": "userID\tartistID\tweight\r\n2\t51\t13883\r\n2\t52\t1\r\n3\t51\t7\r\n",
    "artists.dat": 'id\tname\turl\tpictureURL\n51\tDuran "Duran\thttp://a\thttp://b\n52\tSigur Rós\thttp://c\t\n',
    "tags.dat": "tagID\ttagValue\r\n1\tmétal\r\n2\t“80's”\r\n".encode("cp1252"),
    "user_taggedartists.dat": (
        "userID\tartistID\ttagID\tday\tmonth\tyear\n"
        "2\t52\t1\t1\t4\t2009\n3\t52\t1\t1\t12\t2010\n2\t51\t2\t30\t4\t2009\n"
    ),
    "user_friends.dat": "userID\tfriendID\r\n2\t3\r\n3\t2\r\n",
}


def test_everything(tmp_path: Path) -> None:
    frames = load(write(tmp_path / "lastfm", FILES), tmp_path)
    assert frames.format == "HetRec Last.fm"
    assert rows(frames) == [("2", "51", "listen", 13883), ("2", "52", "listen", 1), ("3", "51", "listen", 7)]
    assert rows(frames, "items")[0][:2] == ("51", 'Duran "Duran')
    assert rows(frames, "items")[1][:2] == ("52", "Sigur Rós")
    assert rows(frames, "taggings") == [
        ("2", "51", "“80's”", 1241049600000),
        ("2", "52", "métal", 1238544000000),
        ("3", "52", "métal", 1291161600000),
    ]
    assert rows(frames, "item_tags") == [("51", "“80's”", 1.0), ("52", "métal", 2.0)]
    assert rows(frames, "follows") == [("2", "3"), ("3", "2")]


def test_times_in_milliseconds_are_preferred(tmp_path: Path) -> None:
    extra = "userID\tartistID\ttagID\ttimestamp\n2\t52\t1\t1238536800000\n"
    frames = load(write(tmp_path / "lastfm", FILES | {"user_taggedartists-timestamps.dat": extra}), tmp_path)
    assert rows(frames, "taggings") == [("2", "52", "métal", 1238536800000)]


def test_the_counts_alone(tmp_path: Path) -> None:
    frames = load(write(tmp_path / "one", {"user_artists.dat": FILES["user_artists.dat"]}), tmp_path)
    assert frames.counts == {"interactions": 3}
