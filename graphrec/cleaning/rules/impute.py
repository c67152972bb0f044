"""Missing metadata filled in by scikit-learn: the median, the most frequent one, or what the nearest ones have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field
from scipy import sparse

from graphrec.audit.source import quote
from graphrec.cleaning.desk import Desk, Done
from graphrec.cleaning.fold import fold
from graphrec.cleaning.rule import Rule, Switch

Way = Literal["median", "mode", "nearest"]
FILLED = "imputed"
"""The property that names what was filled in, so that nobody takes it for known."""

MOST_TAGS = 500
"""Tags by which the nearest are found, those of most items."""

NUMBERS = ("BIGINT", "DOUBLE")


class Impute(Switch):
    """Columns by name with the way: `median` for numbers, `mode` for anything, `nearest` for both: the mean, or the
    most frequent one, of the `neighbours` most alike by the other numbers and, of items, by tags."""

    items: Mapping[str, Way]
    users: Mapping[str, Way]
    neighbours: Annotated[int, Field(ge=1)]


def impute(desk: Desk, said: Impute) -> Done:
    """What a column lacks, from the rows that have it. Nothing where none has, or for a median of texts."""
    told: list[str] = []
    changed = 0
    for word, ways in (("item", said.items), ("user", said.users)):
        for column, way in ways.items():
            n_filled = _fill(desk, word, column, (way, said.neighbours))
            changed += n_filled
            told.append(f"{column}: {n_filled} by {way}")
    return Done(changed=changed, told=", ".join(told))


def _fill(desk: Desk, word: str, column: str, how: tuple[Way, int]) -> int:
    fold(desk.source, f"{word}s")
    table, kinds = f"{word}s", {row[0]: row[1] for row in desk.source.rows(f"DESCRIBE {word}s")}
    if column not in kinds:
        return 0
    is_number = kinds[column] in NUMBERS
    rows = desk.source.db.sql(f"SELECT row_id, {quote(column)} AS value FROM {table} ORDER BY row_id").to_arrow_table()
    missing = rows["value"].is_null().to_numpy()
    if missing.all() or not missing.any() or (how[0] == "median" and not is_number):
        return 0
    known: NDArray[Any] = np.array(rows["value"].to_pylist(), dtype=object)[~missing]
    found = _found(known.astype(np.float64) if is_number else known, missing, how, lambda: _alike(desk, word, column))
    if kinds[column] == "BIGINT":
        found = np.rint(found.astype(np.float64)).astype(np.int64)
    _write(desk, (table, column), rows["row_id"].to_numpy()[missing], found.tolist())
    return int(missing.sum())


def _found(known: NDArray[Any], missing: NDArray[np.bool_], how: tuple[Way, int], alike: Any) -> NDArray[Any]:
    """A value for each missing one."""
    from sklearn.impute import SimpleImputer
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    way, neighbours = how
    if way != "nearest":
        strategy = "median" if way == "median" else "most_frequent"
        imputer = SimpleImputer(strategy=strategy).fit(known.reshape(-1, 1))
        return np.repeat(imputer.statistics_[:1], int(missing.sum()))
    model = KNeighborsRegressor if known.dtype == np.float64 else KNeighborsClassifier
    rows = alike()
    fitted = model(n_neighbors=min(neighbours, len(known)), algorithm="brute").fit(rows[~missing], known)
    return np.asarray(fitted.predict(rows[missing]))


def _alike(desk: Desk, word: str, column: str) -> sparse.csr_matrix:
    """Rows of a table as the other numbers (standardised, 0 where missing) and tags, in the order of `row_id`."""
    from sklearn.preprocessing import StandardScaler

    kinds = desk.source.rows(f"DESCRIBE {word}s")
    names = [name for name, kind, *_ in kinds if kind in NUMBERS and name not in ("row_id", "line", column)]
    shown = ", ".join(f"{quote(name)}::DOUBLE AS c{n}" for n, name in enumerate(names))
    rows = desk.source.arrays(f"SELECT row_id{', ' + shown if shown else ''} FROM {word}s ORDER BY row_id")
    n_rows = len(rows["row_id"])
    numbers = np.array([rows[f"c{n}"] for n in range(len(names))], dtype=np.float64).reshape(len(names), n_rows).T
    numbers = numbers[:, ~np.isnan(numbers).all(axis=0)] if n_rows else numbers
    scaled = np.nan_to_num(StandardScaler().fit_transform(numbers)) if numbers.shape[1] else np.zeros((n_rows, 0))
    parts = [sparse.csr_matrix(scaled)] + ([_tags(desk, n_rows)] if word == "item" else [])
    return sparse.csr_matrix(sparse.hstack([*parts, sparse.csr_matrix((n_rows, 1))]))


def _tags(desk: Desk, n_rows: int) -> sparse.csr_matrix:
    pairs = desk.source.arrays(
        "SELECT DISTINCT place, tag FROM (SELECT item_id, row_number() OVER (ORDER BY row_id) - 1 AS place FROM items) "
        "JOIN (SELECT item_id, name AS tag FROM tags JOIN (SELECT tag AS word, row_number() OVER (ORDER BY count(*) "
        f"DESC, tag) - 1 AS name FROM tags WHERE tag IS NOT NULL GROUP BY tag QUALIFY name < {MOST_TAGS}) "
        "ON tags.tag = word) USING (item_id) ORDER BY place, tag"
    )
    ones = np.ones(len(pairs["place"]))
    return sparse.csr_matrix((ones, (pairs["place"], pairs["tag"])), shape=(n_rows, MOST_TAGS))


def _write(desk: Desk, where: tuple[str, str], row_ids: NDArray[np.int64], values: list[Any]) -> None:
    table, column = where
    db, name = desk.source.db, quote(column)
    if FILLED not in desk.source.columns(table):
        db.execute(f"ALTER TABLE {table} ADD COLUMN {FILLED} VARCHAR")
    db.register("filled_rows", pa.table({"row_id": pa.array(row_ids), "value": pa.array(values)}))
    db.execute(
        f"UPDATE {table} SET {name} = filled_rows.value, {FILLED} = coalesce({FILLED} || ', ', '') || ? "
        f"FROM filled_rows WHERE {table}.row_id = filled_rows.row_id",
        [column],
    )
    db.unregister("filled_rows")


RULE = Rule("impute", Impute, impute)
