"""Users taken out of the files of a version, whose rows keep their places.

Rows of several files stand in one order, and running processes know users by their place. So the row of a user who goes
becomes zeros, and the id a placeholder that sorts where the id stood: each file can be replaced alone, and whoever is
killed between two files leaves a version that can be read.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import ModelError
from graphrec.versions.arrays import read_arrays, read_ids, write_arrays
from graphrec.versions.vectors import Ids

ROWS = ("user_vectors", "weight", "untold", "user_bias", "user_offset", "user_divisor")
"""Arrays that have a row a user, those of the users first."""

MATRICES = ("learnt", "withheld", "seen", "matrix", "follows", "back", "rated", "user_traits")
"""Sparse matrices that have a row a user; all users may stand there once more."""

ACROSS = ("follows", "there")
"""Sparse matrices that have a column a user; all users may stand there once more."""

BESIDE = {"matrix": ("rating", "last_at")}
"""Arrays that lie beside the values of a matrix."""

NAMED = {"user_traits": "user_trait_names"}
"""Matrices whose columns are neither users nor items, and the array that names these."""

GONE = "\0-"
"""No id holds a NUL, so what does is a placeholder; it sorts after the id before it and before the next."""

_IDS = re.compile(r"^(\w+)_utf8$")


def placeholders(ids: Ids, gone: AbstractSet[str]) -> Ids:
    """The ids, sorted as before, with a placeholder for each that is gone, and for each that went before."""
    found, last, n_gone = [], "", 0
    for word in ids:
        if GONE in word or word in gone:
            n_gone += 1
            found.append(last + GONE * n_gone)
        else:
            last, n_gone = word, 0
            found.append(word)
    return np.array([*found, None], dtype=object)[:-1]


def files_with(folder: Path, user_id: str) -> list[Path]:
    """The files with arrays in a folder, and in those within it, that name a user."""
    return [path for path in sorted(folder.rglob("*.npz")) if user_id in _user_ids(path)]


def forget_users(folder: Path, gone: AbstractSet[str]) -> int:
    """How many files were written anew without some users."""
    found = [path for path in sorted(folder.rglob("*.npz")) if not gone.isdisjoint(_user_ids(path))]
    for path in found:
        forget_in_file(path, gone)
    return len(found)


def forget_missing(folder: Path, held: Container[str]) -> int:
    """How many files were written anew without the users that aren't among those held."""
    gone = missing(folder, held)
    return forget_users(folder, gone) if gone else 0


def missing(folder: Path, held: Container[str]) -> set[str]:
    """The users whom files in a folder name and who aren't among those held."""
    named = {word for path in folder.rglob("*.npz") for word in _user_ids(path) if GONE not in word}
    return {word for word in named if word not in held}


def forget_in_file(path: Path, gone: AbstractSet[str]) -> None:
    """Replace a file by the same without what it holds of some users."""
    arrays = read_arrays(path)
    ids = {found[1]: read_ids(arrays, found[1]) for name in arrays if (found := _IDS.match(name))}
    users = ids["user_ids"]
    places = np.flatnonzero([word in gone for word in users])
    plain = {name: array for name, array in arrays.items() if not _is_packed(name, ids)}
    write_arrays(path, _emptied(plain, places, len(users)), {**ids, "user_ids": placeholders(users, gone)})


def places_of(path: Path, user_ids: AbstractSet[str]) -> list[int]:
    """Where a file has the users whom it names."""
    return [place for place, word in enumerate(_user_ids(path)) if word in user_ids]


def user_rows(path: Path, user_id: str) -> Mapping[str, Any]:
    """What a file holds of a user: rows of vectors, and items of its matrices, by name."""
    arrays = read_arrays(path)
    users, items = read_ids(arrays, "user_ids").tolist(), read_ids(arrays, "item_ids").tolist()
    place = users.index(user_id)
    found: dict[str, Any] = {name: arrays[name][place].tolist() for name in ROWS if name in arrays}
    for name in MATRICES:
        if f"{name}_indptr" in arrays:
            named = arrays[NAMED[name]].tolist() if name in NAMED else users if name == "follows" else items
            found[name] = [named[column] for column in _columns(arrays, name, place, len(users))]
    return found


def _columns(arrays: Mapping[str, NDArray[Any]], name: str, place: int, n_users: int) -> list[int]:
    """The columns of a user's row of a matrix, and of those further down where all users stand once more."""
    indptr, indices = arrays[f"{name}_indptr"], arrays[f"{name}_indices"]
    return [
        int(column)
        for row in range(place, len(indptr) - 1, n_users)
        for column in indices[indptr[row] : indptr[row + 1]]
    ]


def _user_ids(path: Path) -> list[str]:
    """The users that a file names, none where it names no users or is gone. Reads nothing else of it.

    ModelError for one that can't be read: nobody knows whom it holds.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            named = {name: arrays[name] for name in ("user_ids_utf8", "user_ids_ends") if name in arrays.files}
    except FileNotFoundError:
        return []
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise ModelError(f"expected arrays in {path}, found none that can be read ({error}); remove it") from error
    found: list[str] = read_ids(named, "user_ids").tolist() if named else []
    return found


def _is_packed(name: str, ids: Mapping[str, Ids]) -> bool:
    return name.removesuffix("_utf8") in ids or name.removesuffix("_ends") in ids


def _emptied(arrays: dict[str, NDArray[Any]], places: NDArray[np.intp], n_users: int) -> dict[str, NDArray[Any]]:
    found = dict(arrays)
    for name in ROWS:
        if name in found:
            found[name] = found[name].copy()
            found[name][places] = 0
    for name in dict.fromkeys((*MATRICES, *ACROSS)):
        if f"{name}_indptr" in found:
            found |= _matrix_without(found, name, places, n_users)
    return found


def _matrix_without(
    arrays: Mapping[str, NDArray[Any]], name: str, places: NDArray[np.intp], n_users: int
) -> dict[str, NDArray[Any]]:
    """The parts of a matrix without the entries of some users, and what lies beside its values."""
    indptr, indices = arrays[f"{name}_indptr"], arrays[f"{name}_indices"]
    n_rows = len(indptr) - 1
    row = np.repeat(np.arange(n_rows), np.diff(indptr))
    kept = np.ones(len(row), dtype=bool)
    if name in MATRICES:
        kept &= ~np.isin(row % n_users, places)
    if name in ACROSS:
        kept &= ~np.isin(indices % n_users, places)
    n_kept = np.bincount(row[kept], minlength=n_rows)
    found = {f"{name}_indptr": np.concatenate([[0], np.cumsum(n_kept)]).astype(indptr.dtype)}
    along = [f"{name}_indices", f"{name}_data", *BESIDE.get(name, ())]
    return found | {part: arrays[part][kept] for part in along if part in arrays}
