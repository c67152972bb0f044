"""Which files hold a text, whatever holds it: plain bytes, pages of a database, members of an archive."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")
PIECE = 1 << 22


def files_with_text(root: Path, text: str) -> list[Path]:
    """The files below a folder that hold a text, in UTF-8 or UTF-16 of either order of bytes, or whose name does.

    Archives (zip, npz, gzip) are looked into. A file that goes meanwhile holds nothing.
    """
    wanted = [text.encode(encoding) for encoding in ENCODINGS]
    return [path for path in sorted(root.rglob("*")) if text in path.name or (path.is_file() and _holds(path, wanted))]


def _holds(path: Path, wanted: list[bytes]) -> bool:
    try:
        return any(_has(file, wanted) for file in _contents(path))
    except FileNotFoundError:
        return False


def _contents(path: Path) -> Iterator[BinaryIO]:
    """The file as it is, and unpacked where it is an archive."""
    with path.open("rb") as file:
        yield file
        file.seek(0)
        is_gzip = file.read(2) == b"\x1f\x8b"
    if is_gzip:
        with gzip.open(path) as unpacked:
            yield unpacked  # type: ignore[misc]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    yield member  # type: ignore[misc]


def _has(file: BinaryIO, wanted: list[bytes]) -> bool:
    overlap = max(len(each) for each in wanted) - 1
    before = b""
    while piece := file.read(PIECE):
        found = before + piece
        if any(each in found for each in wanted):
            return True
        before = found[-overlap:] if overlap else b""
    return False
