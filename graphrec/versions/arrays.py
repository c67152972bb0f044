"""Arrays and ids in npz files, never pickled, and never half written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.errors import ModelError

PARTS = ("data", "indices", "indptr")


def write_arrays(path: Path, arrays: Mapping[str, Any], ids: Mapping[str, NDArray[np.object_]] | None = None) -> None:
    """Write arrays, and ids as UTF-8 with offsets; the file is there whole or not at all."""
    packed = {name: part for key, words in (ids or {}).items() for name, part in _pack(key, words).items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    with beside.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays, **packed)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a file. Raises ModelError if it is missing or broken."""
    try:
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError) as error:
        raise ModelError(f"expected arrays in {path}, found none that can be read ({error}); train again") from error


def read_ids(arrays: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.object_]:
    """The ids that `write_arrays` packed under a name."""
    text = arrays[f"{name}_utf8"].tobytes()
    ends = arrays[f"{name}_ends"].tolist()
    words = [text[start:end].decode() for start, end in zip([0, *ends[:-1]], ends, strict=True)] if ends else []
    return np.array([*words, None], dtype=object)[:-1]


def matrix_arrays(name: str, matrix: sparse.csr_array) -> dict[str, NDArray[Any]]:
    """A sparse matrix as arrays under its name, to be written."""
    return {f"{name}_{part}": getattr(matrix, part) for part in PARTS}


def matrix_of(arrays: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, int]) -> sparse.csr_array:
    """The matrix that `matrix_arrays` put there under a name."""
    return sparse.csr_array(tuple(arrays[f"{name}_{part}"] for part in PARTS), shape=shape)


def _pack(name: str, words: NDArray[np.object_]) -> dict[str, NDArray[Any]]:
    raw = [word.encode() for word in words]
    ends = np.cumsum([len(word) for word in raw], dtype=np.int64)
    return {f"{name}_utf8": np.frombuffer(b"".join(raw), dtype=np.uint8), f"{name}_ends": ends}
