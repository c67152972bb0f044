"""What an in-memory recommender knows beside its scores: ids, what each user has seen, and titles."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec.errors import ModelError
from graphrec.recommend.base import Candidates, Profile
from graphrec.snapshot import Snapshot
from graphrec.versions.arrays import matrix_arrays, matrix_of

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Users and items by position, in the order of their ids.

    `liked`: float32 CSR, users × items, how much each pair weighs; `seen`: bool. `titles` by item id, where known.
    """

    user_ids: npt.NDArray[np.object_]
    item_ids: npt.NDArray[np.object_]
    liked: sparse.csr_array
    seen: sparse.csr_array
    titles: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Snapshot, titles: Mapping[str, str] | None = None) -> Self:
        """The catalogue of a snapshot."""
        return cls(snapshot.user_ids, snapshot.item_ids, snapshot.matrix, snapshot.seen, titles or {})

    def user_idx(self, user_id: str | None) -> int:
        """Position of a user, −1 where unknown."""
        return -1 if user_id is None else self._user_idx.get(user_id, -1)

    def item_idx(self, item_ids: Sequence[str]) -> Ints:
        """Positions of the items, −1 where unknown."""
        return np.array([self._item_idx.get(item_id, -1) for item_id in item_ids], dtype=np.int64)

    def title(self, item_idx: int) -> str:
        """The item's title, or its id in quotes."""
        item_id = self.item_ids[item_idx]
        return self.titles.get(item_id) or f"'{item_id}'"

    def items_of(self, profile: Profile) -> tuple[Ints, npt.NDArray[np.float64]]:
        """Positions and weights of what the profile likes: its user's liked items and its own, which count first."""
        user = self.user_idx(profile.user_id)
        begin, end = self.liked.indptr[user : user + 2] if user >= 0 else (0, 0)
        if not profile.items:
            return self.liked.indices[begin:end].astype(np.int64), self.liked.data[begin:end].astype(np.float64)
        liked_by_user = self.liked.indices[begin:end].tolist(), self.liked.data[begin:end].tolist()
        weights: dict[int, float] = dict(zip(*liked_by_user, strict=True))
        own = list(profile.items)
        for item, item_id in zip(self.item_idx(own).tolist(), own, strict=True):
            if item >= 0:
                weights[item] = profile.items[item_id]
        liked = sorted(item for item, weight in weights.items() if weight > 0)
        return np.array(liked, dtype=np.int64), np.array([weights[item] for item in liked])

    def mask(self, scores: npt.NDArray[np.floating], profiles: Sequence[Profile], candidates: Candidates) -> None:
        """Put −inf where an item may not be recommended to the profile of the row."""
        if candidates.allowed is not None or candidates.excluded:
            scores[:, ~self.allows(candidates)] = -np.inf
        if not candidates.seen:
            for row, profile in enumerate(profiles):
                scores[row, self.seen_by(profile)] = -np.inf

    def allows(self, candidates: Candidates) -> npt.NDArray[np.bool_]:
        """Which items may be recommended to anybody."""
        allowed = np.full(len(self.item_ids), candidates.allowed is None)
        for item_ids, value in ((candidates.allowed or (), True), (candidates.excluded, False)):
            items = self.item_idx(sorted(item_ids))
            allowed[items[items >= 0]] = value
        return allowed

    def seen_by(self, profile: Profile) -> Ints:
        """Positions of what the profile's user has seen and of the profile's own items."""
        user = self.user_idx(profile.user_id)
        seen = row_of(self.seen, user).astype(np.int64) if user >= 0 else np.zeros(0, dtype=np.int64)
        if not profile.items:
            return seen
        own = self.item_idx(list(profile.items))
        return np.concatenate([seen, own[own >= 0]])

    @cached_property
    def _user_idx(self) -> Mapping[str, int]:
        return {user_id: n for n, user_id in enumerate(self.user_ids)}

    @cached_property
    def _item_idx(self) -> Mapping[str, int]:
        return {item_id: n for n, item_id in enumerate(self.item_ids)}

    def save(self, folder: Path) -> None:
        """Write `catalogue.json` (ids, titles) and `catalogue.npz` (who liked and saw what)."""
        folder.mkdir(parents=True, exist_ok=True)
        body = {"user_ids": list(self.user_ids), "item_ids": list(self.item_ids), "titles": dict(self.titles)}
        (folder / "catalogue.json").write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
        arrays = matrix_arrays("liked", self.liked) | matrix_arrays("seen", self.seen)
        np.savez_compressed(folder / "catalogue.npz", allow_pickle=False, **arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote. ModelError where it is missing or broken."""
        try:
            body = json.loads((folder / "catalogue.json").read_text(encoding="utf-8"))
            with np.load(folder / "catalogue.npz", allow_pickle=False) as arrays:
                user_ids, item_ids = (np.array(body[name], dtype=object) for name in ("user_ids", "item_ids"))
                shape = len(user_ids), len(item_ids)
                liked, seen = (matrix_of(arrays, name, shape) for name in ("liked", "seen"))
            return cls(user_ids, item_ids, liked, seen, body["titles"])
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(
                f"expected a saved recommender in {folder}, found none that can be read: {error}"
            ) from error


def row_of(matrix: sparse.csr_array, row: int) -> npt.NDArray[np.int32]:
    """The columns of one row."""
    indices: npt.NDArray[np.int32] = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
    return indices
