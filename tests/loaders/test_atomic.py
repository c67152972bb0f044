"""Atomic files, also inside a wheel among other files."""

from __future__ import annotations

from pathlib import Path

from small import load, rows, write, zipped

FILES: dict[str, str | bytes] = {
    "toy.inter": (
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
        "196\t242\t3\t881250949\n186\t007\t3.5\t891717742\n"
    ),
    "toy.item": (
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
        "242\tKolya\t1996\tComedy Drama\n007\tunknown\t\t\n"
    ),
    "toy.user": "user_id:token\tage:token\tgender:token\n196\t49\tM\n186\t\tF\n",
    "toy.kg": "head_id:token\trelation_id:token\ttail_id:token\na\tb\tc\n",
    "toy.net": "source_id:token\ttarget_id:token\n196\t186\n",
}
OTHERS: dict[str, str | bytes] = {
    "recbole/__init__.py": "pass\n",
    "recbole/config/a.yaml": "user: x\n",
    "recbole-1.dist-info/METADATA": "Name: recbole\nVersion: 1\n",
    "recbole-1.dist-info/top_level.txt": "recbole\n",
    "recbole-1.dist-info/RECORD": "a,sha256=x,10\nb,sha256=y,\n",
}


def test_a_wheel(tmp_path: Path) -> None:
    inside = {f"recbole/dataset_example/toy/{name}": content for name, content in FILES.items()}
    frames = load(zipped(tmp_path / "recbole-1-py3-none-any.whl", inside | OTHERS), tmp_path)
    assert frames.format == "atomic files"
    assert rows(frames) == [("186", "007", "rating", 3.5, 891717742000), ("196", "242", "rating", 3.0, 881250949000)]
    assert rows(frames, "items") == [("007", "unknown", None), ("242", "Kolya", 1996)]
    assert rows(frames, "item_tags") == [("242", "Comedy"), ("242", "Drama")]
    assert rows(frames, "users") == [("186", None, "F"), ("196", 49, "M")]
    assert rows(frames, "follows") == [("196", "186")]


def test_without_ratings(tmp_path: Path) -> None:
    inter = "item_id:token\tuser_id:token\n9\tann\n"
    assert rows(load(write(tmp_path / "a", {"x.inter": inter}), tmp_path)) == [("ann", "9", "interaction")]
