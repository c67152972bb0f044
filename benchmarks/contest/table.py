"""The results as one Markdown table, the best of each data set first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contest.data import DATASETS

COLUMNS = ("data set", "model", "package", "settings", "recall@20", "NDCG@20", "coverage@20")
COLUMNS += ("fit, s", "all lists, s", "peak, GiB", "")
LINE = "|---|---|---|---|--:|--:|--:|--:|--:|--:|---|"


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """The table of some rows of results, one where a search found nothing better than the defaults. Those without
    figures come last, with the reason."""
    lines = [f"| {' | '.join(COLUMNS)} |", LINE]
    same = {(row["dataset"], row["model"]) for row in rows if row["chosen"] == "searched" and not row["settings"]}
    for dataset in DATASETS:
        theirs = [row for row in rows if row["dataset"] == dataset]
        theirs = [row for row in theirs if row["chosen"] == "searched" or (dataset, row["model"]) not in same]
        best = {name: max((row.get(name, 0) for row in theirs), default=0) for name in ("recall@20", "ndcg@20")}
        for row in sorted(theirs, key=lambda row: -row.get("recall@20", -1)):
            lines.append(_line(row, best))
    return "\n".join(lines) + "\n"


def _line(row: Mapping[str, Any], best: Mapping[str, float]) -> str:
    figures = [_figure(row, name, best) for name in ("recall@20", "ndcg@20")]
    cells = [DATASETS[row["dataset"]].title, f"`{row['model']}`", row["package"], _settings(row), *figures]
    cells += [_number(row, name, form) for name, form in _FORMS.items()]
    return f"| {' | '.join([*cells, row.get('note', '')])} |"


_FORMS = {"coverage@20": ".3f", "fit_s": ".1f", "recommend_s": ".1f", "peak_gib": ".2f"}


def _number(row: Mapping[str, Any], name: str, form: str) -> str:
    return format(row[name], form) if name in row else "–"


def _figure(row: Mapping[str, Any], name: str, best: Mapping[str, float]) -> str:
    text = _number(row, name, ".4f")
    return f"**{text}**" if row.get(name) == best[name] else text


def _settings(row: Mapping[str, Any]) -> str:
    if row["chosen"] == "defaults":
        return "defaults"
    if not row["trials"]:
        return "defaults: no trial came to an end"
    chosen = ", ".join(f"{name} {value}" for name, value in row["settings"].items()) or "defaults"
    return f"best of {row['trials']}: {chosen}"
