"""A model version: what the graph and the manifest say about what a model has learnt."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from graphrec.errors import ModelError
from graphrec.versions.vectors import Ending

SLOTS = ("a", "b")
MAPS = ("metrics", "settings", "numbers")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True)
class ModelVersion:
    """One version. `slot` is None when what it holds is no longer in the graph, only in its files.

    `dim`: how many numbers a vector has, `n_neighbours`: how many similar items an item has at most; 0 where the model
    has none. `metric` is what the model was trained for; the vectors that are kept have length 1 (`unit_vectors`), so a
    score is their dot product, which is their cosine: the same number in NumPy, in the vector index and in Cypher.
    `ending`: see `Embeddings`. `numbers` are what queries need beside that, such as the weights of a blend. Equal
    `fingerprint`s mean equal data and settings, and so the same learnt again; '' where that isn't known.
    """

    name: str
    version: int
    slot: str | None
    metric: str
    dim: int
    trained_at: int
    graph_id: str
    fingerprint: str = ""
    n_neighbours: int = 0
    ending: Ending = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def vector_property(self) -> str:
        """The property of User and Item that holds the vectors."""
        return slot_property(self.name, self.held_slot)

    @property
    def index(self) -> str:
        """The vector index over the items' property."""
        return slot_index(self.name, self.held_slot)

    def node(self) -> dict[str, Any]:
        """The properties of the `Model` node; maps as JSON, because a property holds none.

        `numbers` are there one by one as well, for queries.
        """
        body = asdict(self)
        for name in MAPS:
            body[name] = json.dumps(dict(getattr(self, name)), sort_keys=True)
        body["ending"] = list(self.ending)
        return {**self.numbers, **body}

    @classmethod
    def of_node(cls, properties: Mapping[str, Any]) -> Self:
        """The version that a `Model` node describes."""
        body = dict(properties)
        for name in MAPS:
            body[name] = json.loads(body.get(name) or "{}")
        body = {"slot": None, "n_neighbours": 0, "ending": ()} | body
        body["ending"] = tuple(body["ending"])
        return cls(**{name: body[name] for name in cls.__dataclass_fields__})

    @property
    def held_slot(self) -> str:
        """The slot in the graph. ModelError where the version lies in its files alone."""
        if self.slot is None:
            raise ModelError(
                f"version {self.version} of {self.name} is no longer in the graph; load its files with load_files()"
            )
        return self.slot


def slot_property(name: str, slot: str) -> str:
    """`embedding_lightgcn_a`."""
    return f"embedding_{name}_{slot}"


def slot_index(name: str, slot: str) -> str:
    """`item_embedding_lightgcn_a`."""
    return f"item_{slot_property(name, slot)}"


def is_name(name: str) -> bool:
    """Whether properties and folders can be named so."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str) -> str:
    """The name, if properties and folders can be named after it. Raises ModelError."""
    if not is_name(name):
        raise ModelError(f"expected a model name of small letters, digits and _, like 'lightgcn', found {name!r}")
    return name
