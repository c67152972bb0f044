"""Items as rows of weighted, named features: tags, words, topics, categories, numbers, and vectors that were brought.

Each kind is a block whose rows have length 1, times its weight; so the cosine of two rows is the weighted mean of the
cosines of the kinds that either has. Rare tags and words count more (TF-IDF: Sparck Jones, 1972).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer

from graphrec.models.content.settings import ContentSettings
from graphrec.snapshot import Snapshot
from graphrec.snapshot.facts import Facts

Floats = NDArray[np.float64]
Said = dict[str, list[tuple[str, ...]]]
"""What each property says of each item."""

LONG = 40
"""Characters: texts that are longer on the average are read by words, as titles are."""

ADDRESS = re.compile(r"\s*(\w+://|www\.)", re.ASCII)

BINS = 10
"""A number becomes one of so many ranges that hold equally many items."""


@dataclass(frozen=True, eq=False)
class Part:
    """A kind of feature: `rows` is items × features, `names` how each feature is called in a sentence."""

    kind: str
    weight: float
    rows: sparse.csr_array
    names: list[str]

    def unit(self) -> sparse.csr_array:
        """Rows of the length of the weight; those that say nothing stay 0."""
        lengths = np.sqrt(np.asarray((self.rows * self.rows).sum(axis=1), dtype=np.float64))
        scale = self.weight / np.where(lengths > 0, lengths, 1)
        return sparse.csr_array(sparse.diags_array(scale) @ self.rows)


def parts_of(snapshot: Snapshot, settings: ContentSettings) -> list[Part]:
    """Whatever the data say of the items, where its weight is above 0."""
    facts = snapshot.facts or Facts()
    said = _said(facts)
    found = [*_tags(snapshot, settings), *_texts(said, settings), *_categories(said, settings)]
    found += [*_numbers(facts, settings), *_vectors(facts, settings)]
    return [part for part in found if part.weight > 0 and part.rows.nnz]


def _tags(snapshot: Snapshot, settings: ContentSettings) -> Iterator[Part]:
    if snapshot.tags.nnz and settings.tags > 0:
        yield Part("tags", settings.tags, _rare(snapshot.tags), [f"tag {name}" for name in snapshot.tag_names])


def _texts(said: Said, settings: ContentSettings) -> Iterator[Part]:
    """Words of each text, and topics over all: sets of words that come together, by non-negative factors."""
    long = {name: [" ".join(texts) for texts in words] for name, words in said.items() if _is_text(name, words)}
    for name, texts in long.items():
        if words := _words(texts, settings):
            yield Part("text", settings.text, words[0], [f"“{word}” in its {name}" for word in words[1]])
    joined = [" ".join(texts) for texts in zip(*long.values(), strict=True)]
    if settings.topics > 0 and settings.n_topics and joined and (words := _words(joined, settings)):
        yield _topics(words, settings)


def _words(texts: list[str], settings: ContentSettings) -> tuple[sparse.csr_array, list[str]] | None:
    vectorizer = TfidfVectorizer(min_df=2, max_features=settings.n_words, stop_words="english", sublinear_tf=True)
    try:
        rows = vectorizer.fit_transform(texts)
    except ValueError:  # no word is in two of them
        return None
    return sparse.csr_array(rows), vectorizer.get_feature_names_out().tolist()


def _topics(words: tuple[sparse.csr_array, list[str]], settings: ContentSettings) -> Part:
    n_topics = min(settings.n_topics, *words[0].shape)
    model = NMF(n_topics, init="nndsvda", max_iter=100, tol=1e-3, random_state=settings.seed)
    rows = model.fit_transform(words[0])
    best = np.argsort(-model.components_, axis=1, kind="stable")[:, :3]
    names = [f"a topic of {', '.join(words[1][word] for word in topic)}" for topic in best.tolist()]
    return Part("topics", settings.topics, sparse.csr_array(rows), names)


def _categories(said: Said, settings: ContentSettings) -> Iterator[Part]:
    """Short texts that several items share."""
    for name, words in said.items():
        if _is_text(name, words):
            continue
        values = sorted({text for texts in words for text in texts})
        place = {value: n for n, value in enumerate(values)}
        row = np.repeat(np.arange(len(words)), [len(texts) for texts in words])
        column = np.array([place[text] for texts in words for text in texts], dtype=np.int64)
        rows = sparse.csr_array((np.ones(len(row)), (row, column)), shape=(len(words), len(values)))
        yield Part("features", settings.features, _rare(rows), [f"{name} {value}" for value in values])


def _numbers(facts: Facts, settings: ContentSettings) -> Iterator[Part]:
    for name, values in facts.numbers.items():
        known = np.flatnonzero(np.isfinite(values))
        edges = np.unique(np.quantile(values[known], np.linspace(0, 1, BINS + 1))) if len(known) else np.zeros(0)
        if len(edges) < 3:
            continue  # all the same
        column = np.clip(np.searchsorted(edges, values[known], side="right") - 1, 0, len(edges) - 2)
        rows = sparse.csr_array((np.ones(len(known)), (known, column)), shape=(len(values), len(edges) - 1))
        names = [f"{name} {low:g} to {high:g}" for low, high in itertools.pairwise(edges)]
        yield Part("features", settings.features, rows, names)


def traits(facts: Facts, n_rows: int) -> Part:
    """Categories and numbers as one kind of feature; each value that is known is 1."""
    settings = ContentSettings(features=1.0)
    parts = [*_categories(_said(facts), settings), *_numbers(facts, settings)]
    rows = [sparse.csr_array(part.rows.astype(bool).astype(np.float64)) for part in parts]
    rows.append(sparse.csr_array((n_rows, 0)))
    return Part("traits", 1.0, sparse.csr_array(sparse.hstack(rows, format="csr")), [n for p in parts for n in p.names])


def vectors(facts: Facts, n_rows: int) -> Part:
    """The vectors that were brought, side by side, each centred and of length 1."""
    parts = [part.unit() for part in _vectors(facts, ContentSettings(vectors=1.0))]
    rows = sparse.csr_array(sparse.hstack([*parts, sparse.csr_array((n_rows, 0))], format="csr"))
    return Part("vectors", 1.0, rows, ["a vector"] * rows.shape[1])


def _vectors(facts: Facts, settings: ContentSettings) -> Iterator[Part]:
    for name, vectors in facts.vectors.items():
        there = np.asarray(vectors.any(axis=1))
        centred = np.where(there[:, None], vectors - vectors[there].mean(axis=0), 0) if there.any() else vectors
        names = [f"its {name}"] * vectors.shape[1]
        yield Part("vectors", settings.vectors, sparse.csr_array(centred.astype(np.float64)), names)


def _said(facts: Facts) -> Said:
    """What texts say. Addresses say where something lies: their words are those of all items, or of none."""
    return {name: words for name, words in facts.words.items() if not _are_addresses(words)}


def _are_addresses(words: list[tuple[str, ...]]) -> bool:
    """Whether most values of a property are URLs."""
    texts = [text for found in words for text in found]
    return sum(bool(ADDRESS.match(text)) for text in texts) > len(texts) / 2


def _is_text(name: str, words: list[tuple[str, ...]]) -> bool:
    """Whether a property is read by words: a title, a long text, or one of which few items have the same."""
    texts = [text for found in words for text in found]
    if name in ("title", "description"):
        return True
    return bool(texts) and (sum(map(len, texts)) > LONG * len(texts) or len(set(texts)) > 0.5 * len(texts) > 5)


def _rare(rows: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array(TfidfTransformer(norm=None).fit_transform(rows.astype(np.float64)))
