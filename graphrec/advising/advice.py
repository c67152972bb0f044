"""Which recommender to use and why: a look at the data, candidates measured within a budget, and a choice."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from graphrec.advising.candidates import Candidate, candidates
from graphrec.advising.looking import Look, look
from graphrec.comparing.paired import Difference, Floats, differences
from graphrec.errors import GraphrecError, InputError
from graphrec.evaluation.parts import SplitSettings
from graphrec.evaluation.ranking import Progress
from graphrec.evaluation.running import Ran, Run
from graphrec.evaluation.stage import staged
from graphrec.frames import Frames
from graphrec.graph import Graph
from graphrec.recommend.base import Profile
from graphrec.recommend.fitted import make_fitted
from graphrec.snapshot import Snapshot

K = 10
FEW_USERS = 50
"""With fewer, only large differences are found."""

METRIC = f"ndcg@{K}"
SHOWN = ("ndcg", "recall", "coverage", "tail", "diversity")


class _OutOfTime(Exception):  # noqa: N818
    """The budget ended while a candidate learnt."""


@dataclass(frozen=True)
class Advice:
    """`rows`: a candidate each, the best first; those that weren't measured last, with the reason in `note`.

    `use`: the quickest of those that no difference to the best was found of.
    """

    dataset: str
    look: Look
    split: str
    n_users: int
    rows: Sequence[Mapping[str, Any]]
    use: str
    why: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def advise(
    data: Graph | Frames | Path | str,
    *,
    budget: float = 300.0,
    n_users: int | None = 2000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Advice:
    """Try what fits the data, the quickest first, and begin no candidate once `budget` seconds are over.

    One that tells how it learns ends with the budget; another may take longer. `n_users`: a sample of the test users.
    """
    if not budget > 0:
        raise InputError(f"expected a budget above 0 seconds, found {budget:g}")
    _compile()
    deadline = time.monotonic() + budget
    with TemporaryDirectory(prefix="graphrec-") as folder:
        frames = staged(data, Path(folder) / "frames")
        seen = look(frames)

        def tell(what: str, done: int, total: int) -> None:
            if progress:
                progress(what, done, total)
            if what.endswith(" learns") and time.monotonic() > deadline:
                raise _OutOfTime

        settings = SplitSettings(seed=seed)
        run = Run.of(frames, Path(folder) / "train", settings, ks=[K], n_users=n_users, progress=tell, kept=(METRIC,))
        found, notes = _tried(run, candidates(seen), deadline)
        return _advice(frames.name, seen, run, found, notes)


def _compile() -> None:
    """What is compiled once after an installation, so that it isn't counted against whoever is tried first."""
    tiny = Snapshot.from_pairs(["a", "a", "b"], ["x", "y", "y"])
    make_fitted("p3alpha", with_reasons=False).fit(tiny).recommend([Profile("a"), Profile("b")], 1)


def _tried(run: Run, asked: Sequence[Candidate], deadline: float) -> tuple[dict[str, Ran], dict[str, str]]:
    """What was measured, and of the others why not. The first is always measured."""
    found: dict[str, Ran] = {}
    notes: dict[str, str] = {}
    for one in asked:
        if found and time.monotonic() > deadline:
            notes[one.name] = "the budget was used up before"
            continue
        try:
            found |= run.all([one.name], {})
        except _OutOfTime:
            notes[one.name] = "the budget ended while it learnt"
        except (GraphrecError, ImportError, MemoryError) as error:
            notes[one.name] = str(error) or type(error).__name__
    return found, notes


def _advice(name: str, seen: Look, run: Run, found: Mapping[str, Ran], notes: Mapping[str, str]) -> Advice:
    if not found:
        raise InputError(f"no candidate could be measured: {'; '.join(f'{one}: {why}' for one, why in notes.items())}")
    whys = {one.name: one.why for one in candidates(seen)}
    rows = sorted((_row(model, one, whys[model]) for model, one in found.items()), key=lambda row: -row[METRIC])
    values = {row["model"]: found[row["model"]].measured.users[METRIC][:, None] for row in rows}
    use, why = choose(rows, values)
    if (n := len(run.held.truth.user_ids)) < FEW_USERS:
        why.append(f"Only {n} users were measured, which can hardly tell recommenders apart; ask again with more.")
    rows += [{"model": model, "tried because": whys[model], "note": note} for model, note in notes.items()]
    if seen.hardly_known > 0.3:
        why.append("Many users are hardly known: serve new ones by onboarding, tags and trends (docs/serving.md).")
    if late := [note for note in notes.values() if "budget" in note]:
        why.append(f"{len(late)} candidates weren't measured for want of time; a larger budget may change this.")
    return Advice(name, seen, run.dealt.says, len(run.held.truth.user_ids), rows, use, why)


def choose(rows: Sequence[Mapping[str, Any]], values: Mapping[str, Floats]) -> tuple[str, list[str]]:
    """The quickest of those that can't be told apart from the best, and why.

    `rows`: the best first; `values`: users × 1 by model.
    """
    best = rows[0]["model"]
    if len(rows) == 1:
        return best, [f"{best} is all that was measured."]
    apart = {_other(one, best): one for one in differences(values, best)}
    level = [rows[0], *(row for row in rows[1:] if not apart[row["model"]].is_found)]
    use = min(level, key=lambda row: row["fit_s"] + row["recommend_s"])["model"]
    why = [f"{best} has the highest {METRIC}, {rows[0][METRIC]:.4f}."]
    if len(level) > 1:
        others = ", ".join(row["model"] for row in level[1:])
        why.append(f"No difference was found between it and {others}; of these {use} takes the least time.")
    worse = [row["model"] for row in rows if row not in level]
    if worse:
        why.append(f"Found to be worse: {', '.join(worse)}.")
    return use, why


def _other(one: Difference, name: str) -> str:
    return one.second if one.first == name else one.first


def _row(model: str, one: Ran, why: str) -> dict[str, Any]:
    figures = {f"{name}@{K}": one.measured.figures[f"{name}@{K}"] for name in SHOWN}
    costs = {"fit_s": one.fitting.seconds, "recommend_s": one.measured.seconds}
    return {
        "model": model,
        **figures,
        **costs,
        "memory_mib": round(one.fitting.memory / 2**20, 1),
        "tried because": why,
    }
