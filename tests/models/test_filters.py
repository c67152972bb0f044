"""Every filter against its formula, written out with dense matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.polynomial import chebyshev as series
from scipy import sparse

from graphrec.errors import InputError, ModelError
from graphrec.models import create
from graphrec.models.filters import nearest as nearest_module
from graphrec.models.filters.chebyshev import ChebyshevSettings, chebyshev, plateau
from graphrec.models.filters.cooccurrence import CooccurrenceSettings, cooccurrence
from graphrec.models.filters.ease import EASESettings, ease, sparsely, whole
from graphrec.models.filters.gfcf import GFCFSettings, gfcf
from graphrec.models.filters.item_filter import ItemFilter
from graphrec.models.filters.model import FILTERS, load_filter
from graphrec.models.filters.nearest import nearest
from graphrec.models.filters.p3alpha import P3AlphaSettings, p3alpha
from graphrec.models.filters.spectral import SpectralSettings, spectral
from graphrec.snapshot import Snapshot

N_USERS, N_ITEMS = 40, 25
ALL = 1000
"""Neighbours: more than there are items."""


@pytest.fixture(scope="module")
def matrix() -> sparse.csr_array:
    rng = np.random.default_rng(7)
    found = sparse.random_array((N_USERS, N_ITEMS - 1), density=0.25, rng=rng, format="csr", dtype=np.float32)
    found.data[:] = rng.choice([0.5, 1.0], found.nnz)
    found.resize((N_USERS, N_ITEMS))  # the last item is liked by nobody
    found.sort_indices()
    return found


def written_out(found: ItemFilter) -> np.ndarray:
    """The item map written out."""
    return np.asarray(
        found.neighbours.toarray() + found.left @ found.right.T + found.there.toarray() @ found.back.toarray()
    )


def dense(found: ItemFilter) -> np.ndarray:
    """The item map, without its diagonal: what an item gives to itself is never shown."""
    result = written_out(found)
    np.fill_diagonal(result, 0)
    return result


def degrees(matrix: sparse.csr_array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r = matrix.toarray().astype(np.float64)
    return r, np.maximum(r.sum(axis=1), 1e-9), np.maximum(r.sum(axis=0), 1e-9)


def item_step(matrix: sparse.csr_array) -> np.ndarray:
    r, users, items = degrees(matrix)
    known = (r.sum(axis=0) > 0).astype(float)
    normal = r * (users**-0.5)[:, None] * known * items**-0.5
    return normal.T @ normal


def off_diagonal(values: np.ndarray) -> np.ndarray:
    found = values.copy()
    np.fill_diagonal(found, 0)
    return found


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (0.8, 0.6)])
def test_p3alpha_is_the_walk_written_out(matrix: sparse.csr_array, alpha: float, beta: float) -> None:
    r, users, items = degrees(matrix)
    to_users, to_items = (r / items).T ** alpha, (r / users[:, None]) ** alpha
    wanted = off_diagonal(to_users @ to_items / items**beta)
    found = p3alpha(matrix, P3AlphaSettings(alpha=alpha, beta=beta, n_neighbours=ALL))
    np.testing.assert_allclose(dense(found), wanted, rtol=1e-5, atol=1e-7)


def test_a_walk_of_p3alpha_without_damping_is_a_probability(matrix: sparse.csr_array) -> None:
    """It keeps all but the chance of coming back."""
    r, users, items = degrees(matrix)
    back = ((r / items).T * (r / users[:, None]).T).sum(axis=1)
    found = dense(p3alpha(matrix, P3AlphaSettings(beta=0.0, n_neighbours=ALL)))
    np.testing.assert_allclose(found[:-1].sum(axis=1), 1 - back[:-1], rtol=1e-5)


def test_cooccurrence_is_a_step_of_the_normalised_graph(matrix: sparse.csr_array) -> None:
    found = cooccurrence(matrix, CooccurrenceSettings(user_power=1, n_neighbours=ALL))
    np.testing.assert_allclose(dense(found), off_diagonal(item_step(matrix)), rtol=1e-5, atol=1e-7)


def test_only_the_nearest_neighbours_are_kept(matrix: sparse.csr_array) -> None:
    whole_graph = cooccurrence(matrix, CooccurrenceSettings(n_neighbours=ALL)).neighbours.toarray()
    found = cooccurrence(matrix, CooccurrenceSettings(n_neighbours=3)).neighbours
    assert np.diff(found.indptr).max() == 3
    for row, values in enumerate(whole_graph):
        kept = found[[row]].toarray()[0]
        np.testing.assert_allclose(np.sort(kept[kept > 0]), np.sort(values[values > 0])[-3:], rtol=1e-6)


def test_ease_is_its_closed_form(matrix: sparse.csr_array) -> None:
    r = matrix.toarray().astype(np.float64)
    inverse = np.linalg.inv(r.T @ r + 2.0 * np.eye(N_ITEMS))
    wanted = off_diagonal(-inverse / np.diag(inverse))
    np.testing.assert_allclose(dense(ease(matrix, EASESettings(ridge=2.0))), wanted, rtol=1e-4, atol=1e-6)


def test_ease_with_all_candidates_is_the_same_when_solved_sparsely() -> None:
    """Every two items occur together, so that all are candidates."""
    rng = np.random.default_rng(8)
    matrix = sparse.csr_array((rng.random((60, 12)) < 0.6).astype(np.float32))
    found = sparsely(matrix, EASESettings(ridge=2.0, n_candidates=12))
    np.testing.assert_allclose(found.toarray(), whole(matrix, 2.0).toarray(), rtol=1e-4, atol=1e-5)


def test_an_item_is_predicted_from_its_candidates_alone(matrix: sparse.csr_array) -> None:
    found = sparsely(matrix, EASESettings(ridge=2.0, n_candidates=4))
    assert np.diff(found.tocsc().indptr).max() == 4


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_spectral_of_full_rank_is_a_power_of_the_step(matrix: sparse.csr_array, power: float) -> None:
    _, _, items = degrees(matrix)
    eigenvalues, vectors = np.linalg.eigh(item_step(matrix))
    kept = eigenvalues > 1e-9
    step = (vectors[:, kept] * eigenvalues[kept] ** (power / 2)) @ vectors[:, kept].T
    found = spectral(matrix, SpectralSettings(rank=int(kept.sum()), power=power, popularity=0.3))
    wanted = off_diagonal(step * items[:, None] ** -0.3 * items**0.3)
    np.testing.assert_allclose(dense(found)[:-1, :-1], wanted[:-1, :-1], atol=2e-4)


def test_gfcf_is_a_step_and_an_ideal_filter(matrix: sparse.csr_array) -> None:
    _, _, items = degrees(matrix)
    step = item_step(matrix)
    _, vectors = np.linalg.eigh(step)
    top = vectors[:, -5:]
    wanted = step + 0.3 * (top @ top.T) * items[:, None] ** -0.5 * items**0.5
    found = gfcf(matrix, GFCFSettings(alpha=0.3, rank=5))
    np.testing.assert_allclose(dense(found)[:-1, :-1], off_diagonal(wanted)[:-1, :-1], atol=2e-3)


def user_by_user(matrix: sparse.csr_array, s: ChebyshevSettings) -> np.ndarray:
    """The filter as its paper applies it: the recurrence of the polynomials, step by step, on the item graph."""
    _, _, items = degrees(matrix)
    step = item_step(matrix)
    inside, ends = series.chebpts1(s.order + 1), series.chebpts2(s.order + 1)
    coefficients = series.chebfit(inside, plateau(ends, s.flatness), s.order)
    laplacian = np.eye(N_ITEMS) - 2 * step
    terms = [np.eye(N_ITEMS), laplacian]
    for _ in range(s.order - 1):
        terms.append(2 * laplacian @ terms[-1] - terms[-2])
    _, vectors = np.linalg.eigh(step)
    top = vectors[:, -s.rank :]
    found = sum(c * term for c, term in zip(coefficients, terms, strict=True)) + s.alpha * top @ top.T
    return np.asarray(found * items[:, None] ** -s.popularity * items**s.popularity)


def test_chebyshev_equals_its_recurrence_where_the_spectrum_is_whole(matrix: sparse.csr_array) -> None:
    settings = ChebyshevSettings(rank=N_ITEMS - 1)
    wanted = off_diagonal(user_by_user(matrix, settings))
    found = dense(chebyshev(matrix, settings))
    np.testing.assert_allclose(found[:-1, :-1], wanted[:-1, :-1], atol=2e-3)


def test_chebyshev_is_near_its_recurrence_where_the_spectrum_is_cut(matrix: sparse.csr_array) -> None:
    settings = ChebyshevSettings(rank=12)
    wanted = off_diagonal(user_by_user(matrix, settings))[:-1, :-1]
    found = dense(chebyshev(matrix, settings))[:-1, :-1]
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.98


def test_a_plateau_passes_low_frequencies_and_stops_high_ones() -> None:
    np.testing.assert_allclose(plateau(np.array([-1.0, 0.0, 1.0]), 1.5), [1, 0.5, 0])
    assert plateau(np.array([-0.5]), 1.5) > plateau(np.array([-0.5]), 3.0) > 0.5


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_scores_are_the_row_times_the_map(name: str, tastes: Snapshot) -> None:
    model = create(name).fit(tastes)
    rows = tastes.matrix[:7]
    found = model.found  # type: ignore[attr-defined]
    whole_map = written_out(found)
    np.testing.assert_allclose(found.scores(rows), rows.toarray() @ whole_map, rtol=1e-3, atol=1e-5)
    liked = rows.indices[rows.indptr[0] : rows.indptr[1]]
    np.testing.assert_allclose(
        found.parts(liked, np.arange(5)).sum(axis=0), (rows.toarray() @ whole_map)[0, :5], rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize("k", [1, 7, ALL])
@pytest.mark.parametrize("name", sorted(FILTERS))
def test_the_nearest_items_are_the_largest_of_the_whole_map(
    name: str, k: int, tastes: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest_module, "BLOCK", 16)
    found = create(name).fit(tastes).found  # type: ignore[attr-defined]
    best, whole_map = nearest(found, k), dense(found)
    assert best.shape == whole_map.shape
    assert best.nnz
    for row, values in enumerate(whole_map):
        columns = best.indices[best.indptr[row] : best.indptr[row + 1]]
        scores = best.data[best.indptr[row] : best.indptr[row + 1]]
        wanted = np.maximum(np.sort(values)[::-1][:k], 0)
        found_scores = np.pad(scores, (0, len(wanted) - len(scores)))  # what rounds to 0 may be stored or not
        np.testing.assert_allclose(found_scores, wanted, rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(scores, values[columns], rtol=1e-3, atol=1e-6)
        assert (scores > 0).all()
        order = list(zip(-scores, columns, strict=True))
        assert order == sorted(order), "the best first, of equal ones the first column"


def test_what_a_filter_has_learnt_are_similar_items_and_factors(tastes: Snapshot) -> None:
    graph_alone = create("item_graph", {"n_stored": 3}).fit(tastes).learnt(tastes)  # type: ignore[attr-defined]
    assert (graph_alone.dim, graph_alone.n_neighbours) == (0, 3)
    model = FILTERS["gfcf"].of({"rank": 8}).fit(tastes)
    both = model.learnt(tastes)
    assert (both.dim, both.metric) == (8, "dot")
    low_rank = tastes.matrix.toarray() @ model.found.left @ model.found.right.T
    vectors = both.vectors
    np.testing.assert_allclose(vectors.user_vectors @ vectors.item_vectors.T, low_rank, rtol=1e-3, atol=1e-5)
    with pytest.raises(ModelError, match="similar items alone"):
        _ = graph_alone.vectors


def test_a_fingerprint_tells_data_and_settings_apart(tastes: Snapshot) -> None:
    other = Snapshot.from_pairs(["u"], ["i"])
    models = [FILTERS[name].of(s) for name in ("gfcf", "ease") for s in ({}, {"n_stored": 3})]
    prints = {model.fingerprint(data) for model in models for data in (tastes, other)}
    assert len(prints) == 8
    assert FILTERS["ease"].of({}).fingerprint(tastes) in prints


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_a_filter_is_the_same_again_and_after_loading(name: str, tastes: Snapshot, tmp_path: Path) -> None:
    first, second = FILTERS[name].of({}).fit(tastes), FILTERS[name].of({}).fit(tastes)
    first.save(tmp_path)
    loaded = load_filter(tmp_path)
    assert loaded.form is FILTERS[name]
    assert loaded.settings == first.settings
    for other in (second, loaded):
        np.testing.assert_array_equal(written_out(other.found), written_out(first.found))
        assert other.item_ids.tolist() == tastes.item_ids.tolist()


def test_wrong_settings_and_missing_data_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no setting bet; there are n_stored, alpha, beta, n_neighbours"):
        create("p3alpha", {"bet": 1})
    with pytest.raises(InputError, match="expected n_stored of at least 1, found 0"):
        create("ease", {"n_stored": 0})
    with pytest.raises(InputError, match="expected alpha as float, found 'much'"):
        create("gfcf", {"alpha": "much"})
    with pytest.raises(InputError, match="expected at least one user who likes an item"):
        create("ease").fit(Snapshot.from_pairs([], []))
    with pytest.raises(ModelError, match="expected arrays in"):
        load_filter(tmp_path)
