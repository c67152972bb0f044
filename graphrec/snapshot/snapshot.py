"""The interactions as sparse matrices, with the ids, tags and follows that belong to their rows and columns."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from graphrec.frames import Frames
from graphrec.graph import Graph
from graphrec.kinds import KIND_WEIGHTS, kind_weight
from graphrec.privacy.policy import Policy
from graphrec.snapshot.columns import (
    Ids,
    Pairs,
    columns,
    csr,
    emptied,
    extents,
    floats,
    follow_matrix,
    joined,
    objects,
    pair_keys,
    positions,
    stated_weights,
    strings,
    tag_columns,
    tag_matrix,
    times,
    vocabulary,
    weigh,
)
from graphrec.snapshot.facts import Facts
from graphrec.transfer import read_interactions


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What users did, at one moment.

    `user_ids`, `item_ids`: object arrays of str, sorted by code point; a row or column index is a position in them.
    `matrix`: float32 CSR, users × items, indices sorted; each liked pair once, with the largest weight of its kinds.
    `rating` (float32, NaN where missing) and `last_at` (int64, epoch milliseconds, NO_TIME where missing) are aligned
    with `matrix.data`. `seen`: the same shape, bool; every pair, those of negative kinds too.
    `tags`: float32 CSR, items × `tag_names`. `follows`: bool CSR, users × users. `rated`: float32 CSR, users × items;
    the rating given last of every pair that has one, of those that aren't liked too. `facts`: what the data
    say of the items, where it was asked for; `people`: what they say of the users, as far as a policy lets it be used;
    the digest and equality look at neither. `extent` (float32,
    aligned with `matrix.data`): how much was done, as weights that the data state (those of `graphrec clean`, with
    their decay) or as counts times the kind's weight; None where nobody told.
    """

    user_ids: Ids
    item_ids: Ids
    matrix: sparse.csr_array
    rating: NDArray[np.float32]
    last_at: NDArray[np.int64]
    seen: sparse.csr_array
    tag_names: Ids
    tags: sparse.csr_array
    follows: sparse.csr_array
    rated: sparse.csr_array
    facts: Facts | None = None
    people: Facts | None = None
    extent: NDArray[np.float32] | None = None

    @property
    def n_users(self) -> int:
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        return len(self.item_ids)

    def user_idx(self, user_ids: Sequence[str] | Ids) -> NDArray[np.int64]:
        """Row of each user; -1 where the snapshot doesn't hold the id."""
        return positions(self.user_ids, user_ids)

    def item_idx(self, item_ids: Sequence[str] | Ids) -> NDArray[np.int64]:
        """Column of each item; -1 where the snapshot doesn't hold the id."""
        return positions(self.item_ids, item_ids)

    def pair_users(self) -> NDArray[np.int32]:
        """The row of each entry of `matrix`, aligned with `matrix.indices`."""
        return np.repeat(np.arange(self.n_users, dtype=np.int32), np.diff(self.matrix.indptr))

    def n_likers(self) -> NDArray[np.int64]:
        """How many users like each item."""
        return np.bincount(self.matrix.indices, minlength=self.n_items).astype(np.int64)

    def without(self, user_ids: Sequence[str]) -> Snapshot:
        """The same with nothing in the rows of some users; ids that it doesn't hold are passed over."""
        rows = self.user_idx(user_ids)
        kept = np.ones(self.n_users, dtype=bool)
        kept[rows[rows >= 0]] = False
        if kept.all():
            return self
        entries = np.repeat(kept, np.diff(self.matrix.indptr))
        follows = sparse.csr_array(emptied(self.follows.T.tocsr(), kept).T.tocsr())
        return replace(
            self,
            matrix=emptied(self.matrix, kept),
            rating=self.rating[entries],
            last_at=self.last_at[entries],
            seen=emptied(self.seen, kept),
            follows=emptied(follows, kept),
            rated=emptied(self.rated, kept),
            extent=None if self.extent is None else self.extent[entries],
        )

    def equals(self, other: Snapshot) -> bool:
        """Whether both hold the same data."""
        return self.digest() == other.digest()

    def digest(self) -> str:
        """32 hexadecimal digits that are the same for the same data only."""
        hashed = hashlib.blake2b(digest_size=16)
        for ids in (self.user_ids, self.item_ids, self.tag_names):
            hashed.update("\0".join([*ids, ""]).encode())
        for part in (self.matrix, self.seen, self.tags, self.follows):
            for array in (part.indptr.astype(np.int64), part.indices.astype(np.int32), part.data):
                hashed.update(array.tobytes())
        hashed.update(self.rating.tobytes())
        hashed.update(self.last_at.tobytes())
        if self.rated.nnz > np.count_nonzero(~np.isnan(self.rating)):  # else it says nothing more
            for array in (self.rated.indptr.astype(np.int64), self.rated.indices.astype(np.int32), self.rated.data):
                hashed.update(array.tobytes())
        return hashed.hexdigest()

    @classmethod
    def from_pairs(
        cls,
        user_ids: Any,
        item_ids: Any,
        *,
        weight: Any = None,
        rating: Any = None,
        last_at: Any = None,
        extent: Any = None,
        users: Any = (),
        items: Any = (),
        item_tags: pa.Table | None = None,
        follows: pa.Table | None = None,
    ) -> Self:
        """From columns with one row a pair or a pair and kind (arrays, lists, pandas or Arrow columns).

        `weight` is the kind's (1 where not given): a pair keeps its largest; at or below 0 it is only seen.
        `extent`: how much it says beside that, `weight` where not given; those of a pair add.
        `users` and `items` name further ids without interactions. `item_tags`: item_id, tag, weight.
        `follows`: user_id, followee_id.
        """
        user_column, item_column = strings(user_ids), strings(item_ids)
        tag_rows = tag_columns(item_tags)
        follow_rows = columns(follows, ("user_id", "followee_id"))
        user_words = vocabulary(user_column, strings(users), *follow_rows)
        item_words = vocabulary(item_column, strings(items), tag_rows[0])
        weights = floats(weight, len(user_column), 1.0)
        stated = floats(extent, len(user_column), np.nan)
        pairs = Pairs.combine(
            pair_keys(user_column, item_column, user_words, item_words),
            weights,
            floats(rating, len(user_column), np.nan),
            times(last_at, len(user_column)),
            np.where(np.isnan(stated), weights, stated),
        )
        return cls._of(user_words, item_words, pairs, tag_rows, follow_rows)

    @classmethod
    def from_frames(
        cls,
        frames: Frames,
        kind_weights: Mapping[str, float] = KIND_WEIGHTS,
        *,
        stated: bool = False,
        policy: Policy | None = None,
    ) -> Self:
        """From a staged data set, its training part only; events are summed up by DuckDB. `stated` as in from_graph.

        `policy`: which columns may be used; without it those that may be where nothing is said.
        """
        rules = policy or Policy()
        with frames.database() as db:
            rows = db.sql(_SUMS).to_arrow_table()
            weights = weigh(rows["kind"], kind_weights)
            n = len(weights)
            told = floats(rows["weight"], n, np.nan)
            found = cls.from_pairs(
                rows["user_id"],
                rows["item_id"],
                weight=stated_weights(weights, told) if stated else weights,
                extent=extents(weights, told, floats(rows["count"], n, 1.0)),
                rating=rows["rating"],
                last_at=rows["last_at"],
                users=db.sql(_USERS).to_arrow_table()["user_id"],
                items=db.sql(_ITEMS).to_arrow_table()["item_id"],
                item_tags=db.sql("SELECT item_id, tag, weight FROM item_tags").to_arrow_table(),
                follows=db.sql("SELECT user_id, followee_id FROM follows").to_arrow_table(),
            )
            facts = Facts.of_table(found.item_ids, db.sql("SELECT * FROM items").to_arrow_table(), "items", rules)
            people = Facts.of_table(found.user_ids, db.sql("SELECT * FROM users").to_arrow_table(), "users", rules)
            return replace(found, facts=facts, people=people)

    @classmethod
    def from_graph(
        cls,
        graph: Graph,
        kind_weights: Mapping[str, float] = KIND_WEIGHTS,
        *,
        facts: bool = False,
        stated: bool = False,
    ) -> Self:
        """From the graph: interactions by the fast columns of `transfer`, tags and follows.

        `facts`: what it says of items and users, too. `stated`: likes weigh what the data state, where they do, instead
        of what their kinds weigh: so models learn. Queries of the graph, and what answers beside them, go by kinds.
        """
        read = read_interactions(graph)
        table = np.array([kind_weights.get(kind, kind_weight(kind)) for kind in read.kinds])
        weights = table[read.kind] if len(read.kinds) else np.zeros(0)
        pairs = Pairs.combine(
            read.user_idx.astype(np.int64) * max(len(read.item_ids), 1) + read.item_idx,
            stated_weights(weights, read.weight) if stated else weights,
            read.rating,
            read.last_at,
            extents(weights, read.weight, read.count),
        )
        user_words, item_words = pa.array(read.user_ids, pa.string()), pa.array(read.item_ids, pa.string())
        tags = joined(graph.read("snapshot/tags"), {"item_id": pa.string(), "tag": pa.string(), "weight": pa.float64()})
        follows = joined(graph.read("snapshot/follows"), {"user_id": pa.string(), "followee_id": pa.string()})
        follow_rows = columns(follows, ("user_id", "followee_id"))
        found = cls._of(user_words, item_words, pairs, tag_columns(tags), follow_rows)
        if not facts:
            return found
        people = Facts.of_graph(graph, found.user_ids, "users")
        return replace(found, facts=Facts.of_graph(graph, found.item_ids), people=people)

    @classmethod
    def _of(
        cls, user_words: pa.Array, item_words: pa.Array, pairs: Pairs, tag_rows: Any, follow_rows: tuple[Any, ...]
    ) -> Self:
        shape = (len(user_words), len(item_words))
        liked, rated = pairs.weight > 0, ~np.isnan(pairs.rated)
        tag_names, tags = tag_matrix(tag_rows, item_words)
        return cls(
            user_ids=objects(user_words),
            item_ids=objects(item_words),
            matrix=csr(pairs.key[liked], pairs.weight[liked].astype(np.float32), shape),
            rating=pairs.rating[liked].astype(np.float32),
            last_at=pairs.last_at[liked],
            seen=csr(pairs.key, np.ones(len(pairs.key), dtype=bool), shape),
            tag_names=tag_names,
            tags=tags,
            follows=follow_matrix(follow_rows, user_words),
            extent=pairs.extent[liked].astype(np.float32),
            rated=csr(pairs.key[rated], pairs.rated[rated].astype(np.float32), shape),
        )


_SUMS = "SELECT user_id, item_id, kind, count, weight, rating, last_at FROM sums"
_USERS = "SELECT user_id FROM users UNION SELECT user_id FROM taggings"
_ITEMS = "SELECT item_id FROM items UNION SELECT item_id FROM taggings"
