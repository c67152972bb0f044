"""A state made by hand: 12 items of three genres, 4 users, a version of the blend with lists of 6."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from graphrec.serving.catalogue import Catalogue
from graphrec.serving.foldin import Blended
from graphrec.serving.ids import Ids
from graphrec.serving.lists import NO_ITEM, Lists
from graphrec.serving.properties import Properties
from graphrec.serving.state import State
from graphrec.serving.tagged import Tagged
from graphrec.serving.tastes import Tastes
from graphrec.versions import Embeddings, unit_vectors

N_ITEMS, N_USERS, DEPTH = 12, 4, 6
GENRES = ("comedy", "drama", "horror")
LIKES = {0: [0, 1], 1: [3, 4, 5], 2: [0, 6], 3: []}


def made_state() -> State:
    """Users u0 to u3 (u3 likes nothing), items i0 to i11; item n has the genre n mod 3 and the year 1990 + n."""
    rng = np.random.default_rng(3)
    liked = sparse.lil_array((N_USERS, N_ITEMS), dtype=np.float32)
    for user, items in LIKES.items():
        liked[user, items] = 1
    liked = sparse.csr_array(liked)
    users, items = Ids(), Ids()
    users.add_all(f"u{n}" for n in range(N_USERS))
    items.add_all(f"i{n}" for n in range(N_ITEMS))
    tags = sparse.csr_array(np.eye(3)[np.arange(N_ITEMS) % 3])
    numbers = {"year": 1990.0 + np.arange(N_ITEMS), "length": np.where(np.arange(N_ITEMS) < 6, 100.0, np.nan)}
    texts = {"country": np.array(["fr", None, "us"] * 4, dtype=object)}
    n_likers = np.bincount(liked.indices, minlength=N_ITEMS).astype(np.int64)
    titles: list[str | None] = [f"Film {n}" if n else None for n in range(N_ITEMS)]
    catalogue = Catalogue(items, titles, Tagged(tags, GENRES), Properties(numbers, texts), n_likers)
    return State(users, catalogue, made_lists(liked), made_blend(rng), Tastes(liked, liked.astype(bool), items), None)


def made_lists(liked: sparse.csr_array) -> Lists:
    """The unseen items in their order, with falling scores; u3 has none."""
    found = np.full((N_USERS, DEPTH), NO_ITEM, dtype=np.int32)
    for user in range(N_USERS - 1):
        found[user] = [n for n in range(N_ITEMS) if not liked[user, n]][:DEPTH]
    scores = np.tile(np.linspace(2, 1, DEPTH, dtype=np.float32), (N_USERS, 1))
    return Lists(found, scores, np.full(found.shape, NO_ITEM, dtype=np.int32))


def made_blend(rng: np.random.Generator) -> Blended:
    """Each item is similar to the next two; random vectors."""
    similar = sparse.lil_array((N_ITEMS, N_ITEMS), dtype=np.float32)
    for n in range(N_ITEMS):
        similar[n, (n + 1) % N_ITEMS], similar[n, (n + 2) % N_ITEMS] = 0.5, 0.25
    vectors = unit_vectors(rng.normal(size=(N_USERS, 4)), rng.normal(size=(N_ITEMS, 4)), "cosine")
    ids = [np.array([f"{letter}{n}" for n in range(size)], dtype=object) for letter, size in (("u", 4), ("i", 12))]
    numbers = {"weight_graph": 0.5, "weight_vectors": 0.5, "weight_popularity": 0.0, "spread": 0.5}
    return Blended(
        sparse.csr_array(similar),
        Embeddings(ids[0], vectors[0], ids[1], vectors[1]),
        {**numbers, "n_items": N_ITEMS, "most_likers": 2},
    )
