"""One function to tune a model on whatever holds data: files, frames that are staged already, or a graph."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from graphrec.errors import InputError
from graphrec.evaluation.held_back import HeldBack
from graphrec.evaluation.metrics import METRICS, needs_background
from graphrec.evaluation.parts import BEST_SPLIT, Split, SplitSettings, split
from graphrec.evaluation.stage import staged
from graphrec.frames import Frames
from graphrec.graph import Graph
from graphrec.models import create
from graphrec.models.settings import Choice, Range
from graphrec.recommend.fitted import FITTED
from graphrec.server.home import Home
from graphrec.tuning.ledger import Plan, opened
from graphrec.tuning.result import Tuning
from graphrec.tuning.search import Progress, search
from graphrec.tuning.space import search_space, told
from graphrec.tuning.trial import Measured


def tune(
    data: Graph | Frames | Path | str,
    model: str = "lightgcn",
    *,
    optimise: str = "recall@20",
    sampler: str = "tpe",
    trials: int = 30,
    budget: float | None = None,
    jobs: int = 1,
    settings: SplitSettings = BEST_SPLIT,
    fixed: Mapping[str, Any] | None = None,
    ranges: Mapping[str, str | Range | Choice] | None = None,
    resume: bool = True,
    home: Path | None = None,
    progress: Progress | None = None,
) -> Tuning:
    """The trials of a search for the settings of a fitted model, measured as `evaluate` measures.

    The test part that `evaluate` would hold back with the same `settings` is set aside and never looked at; the rest
    is split once more in the same way, into what trials learn from and what they are measured on. `settings.seed`
    also decides which settings are tried; with one job the same seed and data give the same trials.

    `fixed`: settings that all trials have. `ranges` replace those of the model, as `0.01:1:log`, `10:50` or `a,b,c`.
    Trials are kept in HOME/tuning: a search that was interrupted, or that is asked for more trials, goes on with those
    it has; without `resume` it starts again. `budget`: seconds. `jobs`: processes that try settings beside each other
    (the calling program then needs its `if __name__ == "__main__"`); what comes next depends on which is first.
    """
    metric, k = _metric(optimise)
    if model not in FITTED:
        raise InputError(f"no model {model!r} to tune; there are {', '.join(FITTED)}")
    defaults = create(model).settings.changed(fixed or {})
    plan = Plan(search_space(defaults, fixed or {}, ranges or {}), metric, sampler, settings.seed, defaults.as_dict())
    with TemporaryDirectory(prefix="graphrec-") as folder:
        frames = staged(data, Path(folder) / "frames")
        hits_only = not needs_background(metric.partition("@")[0])
        dealt, held = validation(frames, Path(folder), settings, hits_only=hits_only)
    place = data.home if isinstance(data, Graph) else Home.at(home).root
    chosen = {name: getattr(defaults, name) for name in fixed or {}}
    path = place / "tuning" / f"{model}-{_digest(held, plan, chosen)}.db"
    with opened(path, plan, resume=resume) as ledger:
        objective = Measured(model, chosen, held, k)
        ended = search(objective, ledger, trials=trials, budget=budget, jobs=jobs, progress=progress)
        return Tuning(
            dataset=frames.name,
            model=model,
            optimise=metric,
            split=dealt.method,
            says=dealt.says,
            n_users=len(held.truth.user_ids),
            n_train=held.snapshot.seen.nnz,
            n_validation=len(held.truth.pairs),
            n_items=int(held.truth.in_catalogue.sum()),
            sampler=sampler,
            seed=settings.seed,
            fixed=chosen,
            space=told(plan.space),
            ended=ended,
            trials=ledger.trials(),
            importances=ledger.importances(),
        )


def validation(
    frames: Frames, folder: Path, settings: SplitSettings, *, hits_only: bool = True
) -> tuple[Split, HeldBack]:
    """The rest of the data, without the test part, dealt into what trials learn from and are measured on."""
    rest = split(frames, folder / "rest", settings).train
    again = replace(settings, method=None) if settings.method == "fixed" else settings
    dealt = split(rest, folder / "train", again)
    return dealt, HeldBack.of(dealt.train, dealt.test, given=dealt.given, hits_only=hits_only)


def _metric(text: str) -> tuple[str, int]:
    """The metric and its k."""
    name, _, k = text.partition("@")
    names = ", ".join(METRICS)
    if name not in METRICS or not k.isdecimal() or int(k) < 1:
        raise InputError(f"expected METRIC@K to optimise, such as recall@20, found {text!r}; there are {names}")
    return f"{name}@{int(k)}", int(k)


def _digest(held: HeldBack, plan: Plan, fixed: Mapping[str, Any]) -> str:
    """The same for the same data, split and plan: only such trials can be compared."""
    asked = [plan.optimise, plan.sampler, plan.seed, told(plan.space), dict(fixed), held.snapshot.digest()]
    hashed = hashlib.blake2b(json.dumps(asked, sort_keys=True).encode(), digest_size=8)
    hashed.update(held.truth.pairs.tobytes())
    hashed.update("\0".join([*held.truth.user_ids, *held.truth.item_ids]).encode())
    return hashed.hexdigest()
