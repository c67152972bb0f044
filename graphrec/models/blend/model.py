"""The blend as a model: its parts fitted, their weights learnt, then all fitted again to everything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.errors import InputError
from graphrec.models.base import Progress, Scores, Vectors, fingerprint_of
from graphrec.models.blend.choice import choose
from graphrec.models.blend.learning import candidates, learn
from graphrec.models.blend.mixture import Mixture, Weights, add, popularity_of
from graphrec.models.blend.settings import BlendSettings, by_part
from graphrec.models.filters.item_filter import ItemFilter, no_filter
from graphrec.models.filters.model import FILTERS, FilterModel
from graphrec.models.filters.nearest import nearest
from graphrec.models.lightgcn.model import LightGCN
from graphrec.models.past import Past
from graphrec.models.validation import Validation
from graphrec.snapshot import Snapshot
from graphrec.snapshot.columns import positions
from graphrec.versions import Embeddings, Learnt, Neighbours
from graphrec.versions.arrays import read_arrays, read_ids, write_arrays
from graphrec.versions.vectors import Ending, Ids

FILE = "blend.npz"

REVISION = 5
"""Raised whenever the same data and settings learn something else than before."""

WALK = "p3alpha"


class Blend:
    """LightGCN, a graph filter, a walk and popularity. `mixture` holds what was learnt, over `item_ids`.

    `user_vectors`, `item_vectors`: those of LightGCN, of length 1.
    """

    name = "blend"
    metric = "cosine"

    def __init__(self, settings: BlendSettings, parts: Mapping[str, Mapping[str, Any]]) -> None:
        self.settings = settings
        self.part_settings = parts
        self.lightgcn = LightGCN.of({**shared(settings), **parts.get("lightgcn", {})})
        self.metrics: Mapping[str, float] = {}
        self.filter_settings: Mapping[str, Any] = {}
        self.user_ids: NDArray[np.object_] = np.zeros(0, dtype=object)
        self.item_ids: NDArray[np.object_] = np.zeros(0, dtype=object)
        self.user_vectors: Vectors = np.zeros((0, 0), dtype=np.float32)
        self.ending: Ending = ()
        self.mixture = Mixture(no_filter(), self.user_vectors, np.zeros(0, dtype=np.float32), Weights())

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """A new one with some settings replaced; those of a part are named `part.setting`."""
        parts = by_part(settings)
        own = BlendSettings().changed(parts.pop(""))
        for name in parts:
            if name not in ("lightgcn", *FILTERS):
                raise InputError(f"no part {name!r} of a blend; there are lightgcn, {', '.join(FILTERS)}")
        return cls(own, parts)

    @property
    def item_vectors(self) -> Vectors:
        return self.mixture.item_vectors

    @property
    def found(self) -> ItemFilter:
        """The graph of items, filter and walk in one."""
        return self.mixture.graph

    @property
    def settings_dict(self) -> Mapping[str, Any]:
        given = {f"{part}.{name}": value for part, named in self.part_settings.items() for name, value in named.items()}
        return {**self.settings.as_dict(), **given}

    @property
    def checkpoints(self) -> Path | None:
        """Where LightGCN, which takes nearly all of the time, writes its checkpoints."""
        return self.lightgcn.checkpoints

    @checkpoints.setter
    def checkpoints(self, folder: Path | None) -> None:
        self.lightgcn.checkpoints = folder

    @property
    def resume(self) -> bool:
        return self.lightgcn.resume

    @resume.setter
    def resume(self, value: bool) -> None:
        self.lightgcn.resume = value

    @property
    def previous(self) -> Path | None:
        """The folder of the blend that came before, whose LightGCN this one's follows."""
        return self.lightgcn.previous

    @previous.setter
    def previous(self, folder: Path | None) -> None:
        self.lightgcn.previous = folder

    @property
    def warm(self) -> bool:
        return self.lightgcn.warm

    @warm.setter
    def warm(self, value: bool) -> None:
        self.lightgcn.warm = value

    @property
    def past(self) -> Past:
        return self.lightgcn.past

    def fit(self, snapshot: Snapshot, progress: Progress | None = None) -> Self:
        """Fit the parts without what is withheld, learn the weights on it, and fit the closed forms to everything.

        Cost: that of LightGCN, and seconds. Errors are those of the parts.
        """
        self.lightgcn.fit(snapshot, progress)
        validation = self.lightgcn.validation
        assert validation is not None
        chosen, graph = choose(validation, self.settings.filter, self.part_settings)
        walk = self._walk()
        weights, spread, quality = self._weigh(validation, graph, walk)
        self.filter_settings = {"name": chosen.name, **chosen.settings.as_dict()}
        self._keep(snapshot, chosen, walk, weights, spread)
        told = {"validation_quality@20": quality, **{f"weight_{n}": w for n, w in vars(weights).items()}}
        self.metrics = {**self.lightgcn.metrics, **{name: round(value, 6) for name, value in told.items()}}
        return self

    def fingerprint(self, snapshot: Snapshot) -> str:
        """The same for the same data, settings and revisions."""
        return fingerprint_of(self.name, REVISION, self.lightgcn.fingerprint(snapshot), dict(self.settings_dict))

    def is_known(self, snapshot: Snapshot) -> bool:
        """Whether the previous blend learnt from the same data with the same settings."""
        if not self.previous or not self.lightgcn.is_known(snapshot):
            return False
        return bool(Blend.load(self.previous).settings_dict == self.settings_dict)

    def untold(self, user_ids: Ids, item_ids: Ids) -> Scores:
        """What scores these items for these users, as it was before anything was learnt from the withheld pairs."""
        matrix, weights = self.past.learnt, self.mixture.weights
        chosen = FILTERS[self.filter_settings["name"]].of(without(self.filter_settings, "name"))
        places = positions(self.item_ids, item_ids)
        graph = self._graph(matrix, chosen, self._walk(), weights).over(places)
        users, items = self.lightgcn.untold_unit(user_ids, item_ids)
        popularity = np.where(places >= 0, popularity_of(matrix)[places], 0).astype(np.float32)
        mixture = Mixture(graph, items, popularity, weights, self.mixture.spread)
        return lambda rows, asked: mixture.scores(rows, users[asked])

    def learnt(self, snapshot: Snapshot) -> Learnt:
        """The vectors, the items that each gives most to by filter and walk, and what weighs them."""
        vectors = Embeddings(self.user_ids, self.user_vectors, self.item_ids, self.item_vectors, self.ending)
        similar = Neighbours(self.item_ids, nearest(self.mixture.graph, self.settings.n_stored))
        numbers = {f"weight_{name}": float(weight) for name, weight in vars(self.mixture.weights).items()}
        numbers |= {"spread": self.mixture.spread, "n_items": snapshot.n_items}
        return Learnt(vectors, similar, numbers=numbers | {"most_likers": int(snapshot.n_likers().max(initial=1))})

    def save(self, folder: Path) -> None:
        """Write the mixture and LightGCN beside it."""
        self.lightgcn.save(folder)
        mixture = self.mixture
        told = {
            "settings": dict(self.settings_dict),
            "metrics": dict(self.metrics),
            "filter": dict(self.filter_settings),
            "weights": vars(mixture.weights),
            "spread": mixture.spread,
        }
        arrays = {
            **mixture.graph.arrays(),
            "body": np.array(json.dumps(told)),
            "popularity": mixture.popularity,
            "user_vectors": self.user_vectors,
            "ending": np.array(self.ending),
            "item_vectors": mixture.item_vectors,
        }
        write_arrays(folder / FILE, arrays, {"user_ids": self.user_ids, "item_ids": self.item_ids})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        arrays = read_arrays(folder / FILE)
        told = json.loads(str(arrays["body"]))
        found = cls.of(told["settings"])
        found.lightgcn = LightGCN.load(folder)
        found.metrics, found.filter_settings = told["metrics"], told["filter"]
        found.user_ids, found.item_ids = read_ids(arrays, "user_ids"), read_ids(arrays, "item_ids")
        found.user_vectors, found.ending = arrays["user_vectors"], tuple(arrays["ending"].tolist())
        graph = ItemFilter.of_arrays(arrays)
        found.mixture = Mixture(
            graph, arrays["item_vectors"], arrays["popularity"], Weights(**told["weights"]), told["spread"]
        )
        return found

    def _weigh(self, validation: Validation, graph: ItemFilter, walk: FilterModel) -> tuple[Weights, float, float]:
        """The weights learnt, the spread of the cosines, and the quality that is reached; defaults without data."""
        if not len(validation.users):
            return Weights(), 1.0, 0.0
        step = walk.form.solve(validation.train, walk.settings)
        told = self.lightgcn.untold_scored().unit("dot")
        vectors = told.user_vectors, told.item_vectors
        found = candidates(validation, graph, step, vectors, popularity_of(validation.train))
        weights, quality = learn(found, Weights())
        return weights, found.spread, quality

    def _walk(self) -> FilterModel:
        return FILTERS[WALK].of(self.part_settings.get(WALK, {}))

    def _keep(
        self, snapshot: Snapshot, chosen: FilterModel, walk: FilterModel, weights: Weights, spread: float
    ) -> None:
        graph = self._graph(snapshot.matrix, chosen, walk, weights)
        self.user_ids, self.item_ids = snapshot.user_ids, snapshot.item_ids
        told = self.lightgcn.scored().unit("dot")
        self.user_vectors, self.ending = told.user_vectors, told.ending
        self.mixture = Mixture(graph, told.item_vectors, popularity_of(snapshot.matrix), weights, spread)

    def _graph(self, matrix: sparse.csr_array, chosen: FilterModel, walk: FilterModel, weights: Weights) -> ItemFilter:
        graph = chosen.form.solve(matrix, chosen.settings)
        if not weights.walk:
            return graph
        return add(graph, walk.form.solve(matrix, walk.settings), 1 - weights.walk, weights.walk)


def shared(settings: BlendSettings) -> dict[str, Any]:
    """The settings that LightGCN must have as the blend has them: both judge by the same withheld rows."""
    return {"validation_share": settings.validation_share, "seed": settings.seed}


def without(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The values but one."""
    return {other: value for other, value in values.items() if other != name}
