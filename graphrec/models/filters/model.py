"""A filter as a model: fitted to a snapshot, kept in a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.errors import InputError
from graphrec.models.base import Block, Progress, fingerprint_of
from graphrec.models.filters.chebyshev import ChebyshevSettings, chebyshev
from graphrec.models.filters.cooccurrence import CooccurrenceSettings, cooccurrence
from graphrec.models.filters.ease import EASESettings, ease
from graphrec.models.filters.gfcf import GFCFSettings, gfcf
from graphrec.models.filters.item_filter import FilterSettings, ItemFilter, no_filter
from graphrec.models.filters.nearest import nearest
from graphrec.models.filters.p3alpha import P3AlphaSettings, p3alpha
from graphrec.models.filters.spectral import SpectralSettings, spectral
from graphrec.snapshot import Snapshot
from graphrec.versions import Embeddings, Learnt, Neighbours
from graphrec.versions.arrays import read_arrays, read_ids, write_arrays

FILE = "filter.npz"

REVISION = 5
"""Raised whenever the same data and settings learn another filter than before."""


@dataclass(frozen=True)
class Form:
    """A closed form by name, and the settings that it takes."""

    name: str
    settings: type[FilterSettings]
    solve: Callable[[sparse.csr_array, Any], ItemFilter]

    def of(self, settings: Mapping[str, Any]) -> FilterModel:
        """A model that has learnt nothing yet, with some settings replaced."""
        return FilterModel(self, self.settings().changed(settings))

    def load(self, folder: Path) -> FilterModel:
        """What `save` of a model of this form wrote."""
        return load_filter(folder)


FORMS = (
    Form("p3alpha", P3AlphaSettings, p3alpha),
    Form("item_graph", CooccurrenceSettings, cooccurrence),
    Form("ease", EASESettings, ease),
    Form("gfcf", GFCFSettings, gfcf),
    Form("chebyshev", ChebyshevSettings, chebyshev),
    Form("spectral", SpectralSettings, spectral),
)
FILTERS: Mapping[str, Form] = {form.name: form for form in FORMS}
"""Every filter by name."""


class FilterModel:
    """`found`: what the form gave, over `item_ids`."""

    def __init__(self, form: Form, settings: FilterSettings) -> None:
        self.form = form
        self.name = form.name
        self.settings = settings
        self.metrics: Mapping[str, float] = {}
        self.user_ids: NDArray[np.object_] = np.zeros(0, dtype=object)
        self.item_ids: NDArray[np.object_] = np.zeros(0, dtype=object)
        self.found = no_filter()

    def fit(self, snapshot: Snapshot, progress: Progress | None = None) -> Self:
        """Solve the closed form. InputError without a single pair."""
        if not snapshot.matrix.nnz:
            raise InputError("expected at least one user who likes an item, found none; load interactions first")
        self.user_ids, self.item_ids = snapshot.user_ids, snapshot.item_ids
        self.found = self.form.solve(snapshot.matrix, self.settings)
        return self

    @property
    def settings_dict(self) -> Mapping[str, Any]:
        return self.settings.as_dict()

    def fingerprint(self, snapshot: Snapshot) -> str:
        """The same where a fit would give the same filter, and the same part of it would be stored."""
        return fingerprint_of(self.name, REVISION, snapshot.digest(), self.settings.as_dict())

    def scores(self, block: Block) -> NDArray[np.float32]:
        """By the rows alone; −inf where nothing leads from a row to an item."""
        return self.found.reached(block.rows)

    def learnt(self, snapshot: Snapshot) -> Learnt:
        """The items that each gives most to, and the factors as vectors where the filter has a part of low rank."""
        similar = Neighbours(self.item_ids, nearest(self.found, self.settings.n_stored))
        if not self.found.rank:
            return Learnt(neighbours=similar)
        users = self.found.project(snapshot.matrix)
        return Learnt(Embeddings(snapshot.user_ids, users, self.item_ids, self.found.right), similar, metric="dot")

    def save(self, folder: Path) -> None:
        """Write the filter and its settings; with a step of the item graph the users too, whose rows it holds."""
        body = json.dumps({"name": self.name, "settings": self.settings.as_dict()})
        ids = {"item_ids": self.item_ids} | ({"user_ids": self.user_ids} if self.found.there.nnz else {})
        write_arrays(folder / FILE, {**self.found.arrays(), "body": np.array(body)}, ids)

    @classmethod
    def load(cls, folder: Path) -> FilterModel:
        """What `save` of any filter wrote."""
        return load_filter(folder)


def load_filter(folder: Path) -> FilterModel:
    """What `save` of any filter wrote. ModelError where there is none."""
    arrays = read_arrays(folder / FILE)
    body = json.loads(str(arrays["body"]))
    found = FILTERS[body["name"]].of(body["settings"])
    found.item_ids = read_ids(arrays, "item_ids")
    if "user_ids_utf8" in arrays:
        found.user_ids = read_ids(arrays, "user_ids")
    found.found = ItemFilter.of_arrays(arrays)
    return found
