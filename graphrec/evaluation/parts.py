"""A data set dealt into what trains and what is held back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphrec.errors import InputError, SplitError
from graphrec.evaluation.pairs import Pairs, read_pairs
from graphrec.evaluation.splits import METHODS, Dealt, Mask, deal
from graphrec.evaluation.training import stage_training
from graphrec.frames import Frames

Ids = npt.NDArray[np.object_]


@dataclass(frozen=True)
class SplitSettings:
    """How to split and what counts as relevant.

    `method`: one of METHODS; None takes the fixed part where there is one, else `time-user` where there are times,
    else `ratio`. `relevant`: the least rating that counts as liked; None counts every pair of positive kind. `n`: of
    `last-n`. `folds`, `fold`: of `folds`; without a fold `split` takes the first, `evaluate` one after another.
    """

    method: str | None = None
    share: float = 0.2
    seed: int = 0
    relevant: float | None = None
    n: int = 1
    folds: int = 5
    fold: int | None = None

    def each_fold(self) -> list[SplitSettings]:
        """These settings for every fold that is asked for: one, unless the method is `folds` and none is named."""
        if self.method != "folds" or self.fold is not None:
            return [self]
        return [replace(self, fold=fold) for fold in range(self.folds)]


BEST_SPLIT = SplitSettings()


def _no_pairs() -> pd.DataFrame:
    return pd.DataFrame({"user_id": [], "item_id": []}, dtype=object)


@dataclass(frozen=True)
class Split:
    """`train` as Frames, `test` as the relevant held-back pairs (user_id, item_id, sorted), and what was left out.

    `left_out` counts the users without history, those with nothing relevant held back, and held-back pairs that
    training holds already. `given`: what users who don't train are known to like, where new ones are asked for.
    `rated`: all held-back pairs that have a rating, relevant or not, with it.
    """

    method: str
    says: str
    train: Frames
    test: pd.DataFrame
    left_out: Mapping[str, int]
    given: pd.DataFrame = field(default_factory=_no_pairs)
    rated: pd.DataFrame = field(default_factory=_no_pairs)


def split(frames: Frames, folder: Path, settings: SplitSettings = BEST_SPLIT) -> Split:
    """Deal the data; training rows are staged in `folder`. SplitError where the data can't give the split."""
    method = settings.method or _best_method(frames)
    if method not in METHODS:
        raise SplitError(f"no split {method!r}; there are {', '.join(METHODS)}")
    if not frames.has("interactions"):
        raise SplitError(f"{frames.name} has no interactions to split; load a data set that has them")
    pairs = read_pairs(frames)
    if method == "fixed":
        return _split_fixed(frames, pairs, settings)
    more = {"n": settings.n, "folds": settings.folds, "fold": settings.fold or 0}
    dealt = deal(pairs, method, settings.share, settings.seed, **more)
    return _split_dealt(frames, pairs, dealt, folder, replace(settings, method=method))


def split_between(frames: Frames, folder: Path, start: int, end: int) -> Split:
    """Hold back what happened first after `start` (epoch ms) and by `end`; what came later is in neither part."""
    pairs = read_pairs(frames)
    later = Dealt.of(pairs.first_at > end, "", np.full(len(pairs), float(end)), cut=float(end))
    known = stage_training(frames, pairs, later, folder / "known")
    pairs = read_pairs(known)
    first, last = (np.datetime64(at, "ms") for at in (start, end))
    says = f"held back: what happened first from {first}Z to {last}Z"
    dealt = Dealt.of(pairs.first_at > start, says, np.full(len(pairs), float(start)), cut=float(start))
    return _split_dealt(known, pairs, dealt, folder / "train", SplitSettings("time"))


def _split_dealt(frames: Frames, pairs: Pairs, dealt: Dealt, folder: Path, settings: SplitSettings) -> Split:
    """The parts of a data set that is dealt."""
    test = _table(pairs, dealt.test & pairs.relevant(_checked(pairs, settings.relevant)))
    given = dealt.given & pairs.relevant(None)
    known = pairs.user_ids[np.unique(pairs.user_idx[dealt.train | given])]
    held_back = pairs.user_ids[np.unique(pairs.user_idx[dealt.test])]
    test, left_out = _leave_out(test, known, held_back)
    train = stage_training(frames, pairs, dealt, folder)
    rated = _rated(pairs, dealt.test)
    return Split(settings.method or "", dealt.says, train, test, left_out, _table(pairs, given), rated)


def _best_method(frames: Frames) -> str:
    if frames.has("test"):
        return "fixed"
    with frames.database() as db:
        row = db.execute('SELECT count("at") FROM interactions').fetchone()
    return "time-user" if row and row[0] else "ratio"


def _split_fixed(frames: Frames, pairs: Pairs, settings: SplitSettings) -> Split:
    if not frames.has("test"):
        other = _best_method(frames)
        raise SplitError(f"{frames.name} came without a test part; try --split {other}")
    held_back = read_pairs(frames, "test")
    again = _known_pairs(held_back, pairs)
    test = _table(held_back, held_back.relevant(_checked(held_back, settings.relevant)) & ~again)
    counts = {table: n for table, n in frames.counts.items() if table not in ("valid", "test")}
    train = replace(frames, counts=counts)
    test, left_out = _leave_out(test, pairs.user_ids, held_back.user_ids)
    left_out["pairs_in_training"] = int(again.sum())
    rated = _rated(held_back, ~again)
    says = "held back: the test part that came with the data"
    return Split("fixed", says, train, test, left_out, rated=rated)


def _rated(pairs: Pairs, mask: Mask) -> pd.DataFrame:
    rated = mask & ~np.isnan(pairs.rating)
    return _table(pairs, rated).assign(rating=pairs.rating[rated])


def _leave_out(test: pd.DataFrame, known: Ids, held_back: Ids) -> tuple[pd.DataFrame, dict[str, int]]:
    """The held-back pairs of users that training knows, and how many users are left out, by reason."""
    has_history = test["user_id"].isin(known)
    new = ~pd.Index(held_back).isin(known)
    kept = test[has_history].reset_index(drop=True)
    if kept.empty:
        raise SplitError(
            "the split leaves no user with both history and a relevant item held back; "
            "try --split ratio, or --relevant any"
        )
    n_irrelevant = len(held_back) - int(new.sum()) - kept["user_id"].nunique()
    return kept, {"users_without_history": int(new.sum()), "users_without_relevant": n_irrelevant}


def _checked(pairs: Pairs, relevant: float | None) -> float | None:
    if relevant is not None and np.isnan(pairs.rating).all():
        raise InputError(f"--relevant {relevant:g} needs ratings, and the data have none; use --relevant any")
    return relevant


def _table(pairs: Pairs, mask: Mask) -> pd.DataFrame:
    users, items = pairs.user_ids[pairs.user_idx[mask]], pairs.item_ids[pairs.item_idx[mask]]
    return pd.DataFrame({"user_id": users, "item_id": items}, dtype=object)


def _known_pairs(held_back: Pairs, train: Pairs) -> Mask:
    users = pd.Index(train.user_ids).get_indexer(pd.Index(held_back.user_ids))[held_back.user_idx]
    items = pd.Index(train.item_ids).get_indexer(pd.Index(held_back.item_ids))[held_back.item_idx]
    width = len(train.item_ids)
    there = np.isin(users * width + items, train.user_idx * width + train.item_idx)
    return there & (users >= 0) & (items >= 0)
