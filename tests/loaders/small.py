"""Small inputs in every format, and what loading them gives."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from graphrec.frames import Frames
from loaders import load_frames


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    """The folder with the files written into it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def zipped(path: Path, files: dict[str, str | bytes], inside: str = "") -> Path:
    """A zip with the files in a folder."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(inside + name, content)
    return path


def load(path: Path, tmp_path: Path, **options: Any) -> Frames:
    """The frames of an input, staged beside it."""
    n = len(list(tmp_path.glob("staged-*")))
    return load_frames(path, staging=tmp_path / f"staged-{n}", **options)


def rows(frames: Frames, table: str = "interactions") -> list[tuple[Any, ...]]:
    """The rows of a table as sorted tuples, without the columns that hold nothing."""
    staged = frames.table(table)
    kept = [name for name in staged.column_names if staged[name].null_count < staged.num_rows]
    found = (tuple(row.values()) for row in staged.select(kept).to_pylist())
    return sorted(found, key=lambda row: [str(value) for value in row])


MOVIELENS_CSV: dict[str, str | bytes] = {
    "ratings.csv": "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n1,1029,3.0,1260759179\n2,31,0.5,835355493\n",
    "movies.csv": (
        "movieId,title,genres\n"
        '31,"American President, The (1995)",Comedy|Drama\n'
        "1029,Dumbo (1941),Children\n"
        "5,No Year,(no genres listed)\n"
    ),
    "tags.csv": 'userId,movieId,tag,timestamp\n2,31,so “good”,1445714994\n2,31,"a, b",1445714995\n',
    "links.csv": "movieId,imdbId,tmdbId\n31,0114709,862\n1029,0033563,\n",
    "README.txt": "Some words about the data.\n",
}
