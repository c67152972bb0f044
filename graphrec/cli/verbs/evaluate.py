"""`graphrec evaluate`: recommenders compared on held-back data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, print_table, progress
from graphrec.cli.groups import allowed_groups
from graphrec.cli.relevant import RelevantOption, least
from graphrec.cli.watch import Watch
from graphrec.errors import InputError

if TYPE_CHECKING:
    from graphrec.evaluation import Evaluation


@app.command()
def evaluate(  # noqa: PLR0917
    path: Annotated[
        Path | None,
        typer.Argument(
            help="A folder, file or zip to evaluate on; without it, the data of the graph.", show_default=False
        ),
    ] = None,
    models: Annotated[str, typer.Option(help="Recommenders, by commas.")] = "walk,cooccurrence,lightgcn,popular",
    k: Annotated[str, typer.Option("--k", help="Lengths of lists to measure, by commas.")] = "10,20",
    split: Annotated[
        str | None,
        typer.Option(
            help="time, time-user, last-n, leave-one-out, ratio, folds, new-users, new-items or fixed; without it the "
            "test part that came with the data, else time-user, else ratio.",
            show_default=False,
        ),
    ] = None,
    share: Annotated[float, typer.Option(help="The share that is held back.")] = 0.2,
    n: Annotated[int, typer.Option("--n", min=1, help="Of last-n: how many items of each user are held back.")] = 1,
    folds: Annotated[int, typer.Option(min=2, help="Of folds: how many; each is held back once.")] = 5,
    relevant: RelevantOption = "any",
    users: Annotated[
        int | None, typer.Option(min=1, help="Measure a sample of so many users.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="For the split, the sample and the training.")] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of a model, as lightgcn.epochs=5; may be repeated.", show_default=False),
    ] = None,
    groups: Annotated[
        str | None,
        typer.Option(
            help="Measure groups apart: activity, item-age, item-popularity, a property of users, or items as "
            "tag:Drama or language:fr, by commas.",
            show_default=False,
        ),
    ] = None,
    lists: Annotated[
        Path | None,
        typer.Option(help="Write every ranked list to this .csv or .parquet file.", show_default=False),
    ] = None,
    definitions: Annotated[bool, typer.Option("--definitions", help="Say what each metric is, and stop.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Compare recommenders on data that is held back from them.

    Every item is ranked, with a user's training items masked. With PATH the graph isn't touched: fitted models need no
    server, and those that ask the graph get a small one of their own, gone afterwards, also when NEO4J_URI is set.
    """
    if definitions:
        _define(as_json)
        return
    from graphrec.connect import connect
    from graphrec.evaluation import Groups, SplitSettings, evaluate
    from graphrec.evaluation.running import seeded

    chosen = SplitSettings(split, share, seed, least(relevant), n=n, folds=folds)
    asked = None if groups is None else Groups(allowed_groups(groups, home))
    with ExitStack() as stack:
        bars = stack.enter_context(progress())
        found = evaluate(
            path or stack.enter_context(connect(home)),
            models.split(","),
            ks=read_lengths(k),
            settings=chosen,
            n_users=users,
            lists=lists,
            model_settings=seeded(models.split(","), seed, read_model_settings(settings or [])),
            groups=asked,
            progress=Watch(bars).tell,
        )
    if as_json:
        emit_json({name: getattr(found, name) for name in found.__dataclass_fields__})
    else:
        _print(found, lists)


def _print(found: Evaluation, lists: Path | None) -> None:
    relevant = "any" if found.relevant is None else f"rating of at least {found.relevant:g}"
    console.print(f"{found.dataset}, split {found.split} ({found.says}), relevant: {relevant}, seed {found.seed}")
    console.print(
        f"{found.n_train:,} training and {found.n_test:,} held-back pairs of {found.n_users:,} users "
        f"over {found.n_items:,} items"
    )
    left_out = [f"{n:,} {name.replace('_', ' ')}" for name, n in found.left_out.items() if n]
    if left_out:
        console.print(f"left out: {', '.join(left_out)}")
    for length in found.ks:
        _print_metrics(found, f"@{length}")
    if "rmse" in {name for row in found.rows for name in row}:
        print_table([row for row in found.rows if "rmse" in row], ["model", "rmse", "mae"])
    if found.groups:
        _print_groups(found.groups)
    if lists is not None:
        console.print(f"ranked lists: {lists}")


def _print_metrics(found: Evaluation, ending: str) -> None:
    """One table of how right lists are, with seconds, and one of what they are like."""
    from graphrec.evaluation.metrics import ACCURACY

    names = [name for name in found.rows[0] if name.endswith(ending)]
    right = [name for name in names if name.partition("@")[0] in ACCURACY]
    rows = [{**row, "fit_s": _s(row["fit_s"]), "recommend_s": _s(row["recommend_s"])} for row in found.rows]
    print_table(rows, ["model", *right, "fit_s", "recommend_s"])
    print_table(rows, ["model", *(name for name in names if name not in right)])


def _print_groups(rows: Sequence[Mapping[str, Any]]) -> None:
    from graphrec.evaluation.groups import gaps

    print_table(rows, list(dict.fromkeys(name for row in rows for name in row)))
    for gap in gaps(rows):
        console.print(
            f"{gap['model']}, {gap['by']}: {gap['gap']:.4f} between {gap['best']} (best) and {gap['worst']} (worst)"
            + ("" if gap["is_clear"] else ", which may be chance"),
            markup=False,
        )


def _s(seconds: float) -> str:
    return f"{seconds:.1f}"


def _define(as_json: bool) -> None:
    from graphrec.evaluation import definitions

    if as_json:
        emit_json(definitions())
        return
    for name, text in definitions().items():
        console.print(f"{name:14} {text}", markup=False)


def read_lengths(text: str) -> list[int]:
    """Numbers between commas."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"expected --k as numbers between commas, such as 10,20, found {text!r}") from None


def read_model_settings(settings: list[str]) -> dict[str, dict[str, str]]:
    """From `lightgcn.epochs=5` to the settings of each model."""
    found: dict[str, dict[str, str]] = {}
    for text in settings:
        name, is_set, value = text.partition("=")
        model, has_dot, setting = name.partition(".")
        if not is_set or not has_dot:
            raise InputError(f"expected --set MODEL.SETTING=VALUE, such as lightgcn.epochs=5, found {text!r}")
        found.setdefault(model, {})[setting] = value
    return found
