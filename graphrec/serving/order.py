"""The order in which candidates are shown: less alike, nearer to the user's own mixture, with rare and new ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphrec.serving.asked import Asked
from graphrec.serving.foldin import Floats, Found, Ints
from graphrec.serving.rerank import calibrated, diversified, with_share


def reordered(asked: Asked, pool: Found) -> Ints:
    """Places in the pool, in the order in which they are shown."""
    wish, catalogue = asked.wish, asked.state.catalogue
    order = np.arange(len(pool.items))
    if wish.diversity:
        order = _first(diversified(pool.scores, _features(asked, pool.items), 2 * asked.n, wish.diversity), order)
    if wish.calibration and catalogue.tagged:
        falling = -np.arange(len(order), dtype=np.float64) if wish.diversity else pool.scores
        tags = _shares(catalogue.tag_rows(pool.items[order]))
        chosen = calibrated(falling, tags, _wanted(asked), 2 * asked.n, wish.calibration)
        order = np.concatenate([order[chosen], np.delete(order, chosen)])
    return _with_shares(asked, pool, order)


def _with_shares(asked: Asked, pool: Found, order: Ints) -> Ints:
    """At least so many new and rare ones on the page; what is there for being new stays for rare ones."""
    kept = np.zeros(len(order), dtype=bool)
    if asked.wish.new:
        new = asked.state.arrivals.is_new(pool.items)
        order = _first(with_share(order, new, asked.n, asked.wish.new), order)
        kept[order[: asked.n]] = new[order[: asked.n]]
    if asked.wish.rare:
        rare = asked.state.catalogue.is_rare(pool.items)
        order = _first(with_share(order, rare, asked.n, asked.wish.rare, kept), order)
    return order


def _first(places: Ints, order: Ints) -> Ints:
    """Some places first, then the others in their order. `order` has each place once."""
    left = np.ones(len(order), dtype=bool)
    left[places] = False
    return np.concatenate([places, order[left[order]]])


def _features(asked: Asked, items: Ints) -> NDArray[np.floating]:
    """What two candidates are compared by: their tags, or their vectors where there are no tags."""
    catalogue, vectors = asked.state.catalogue, asked.state.blended.embeddings.item_vectors
    found = catalogue.tag_rows(items) if catalogue.tagged else _vectors(vectors, items)
    lengths = np.sqrt(np.einsum("ij,ij->i", found, found))
    return np.asarray(found / np.where(lengths > 0, lengths, 1)[:, None])


def _vectors(vectors: NDArray[np.float32], items: Ints) -> NDArray[np.float32]:
    """One row an item, 0 where it has no vector."""
    known = items < len(vectors)
    if known.all():
        return np.asarray(vectors[items])
    found = np.zeros((len(items), vectors.shape[1]), dtype=np.float32)
    found[known] = vectors[items[known]]
    return found


def _wanted(asked: Asked) -> Floats:
    """The share of each tag in what the user likes; half of it by the graph's features, where they tell what the user
    thinks of tags."""
    tags = _shares(asked.state.catalogue.tag_rows(asked.liked))
    total = asked.weights @ tags if len(asked.liked) else np.zeros(tags.shape[1])
    told, places = np.zeros(tags.shape[1]), asked.state.catalogue.tagged.places
    for name, weight in asked.preferred.items():
        place = places.get(name, len(told))
        if place < len(told):
            told[place] = max(weight, 0.0)
    total = total / (total.sum() or 1.0) + told / (told.sum() or 1.0)
    return np.asarray(total / (total.sum() or 1.0))


def _shares(tags: Floats) -> Floats:
    total = tags.sum(axis=1, keepdims=True)
    return np.asarray(tags / np.where(total > 0, total, 1))
