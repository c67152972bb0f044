"""`graphrec compare`: which recommender is better, and whether chance says as much."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, print_table, progress
from graphrec.cli.relevant import RelevantOption, least
from graphrec.cli.verbs.evaluate import read_lengths, read_model_settings
from graphrec.cli.watch import Watch

if TYPE_CHECKING:
    from graphrec.comparing import Comparison


@app.command()
def compare(  # noqa: PLR0917
    path: Annotated[
        Path | None,
        typer.Argument(help="A folder, file or zip; without it, the data of the graph.", show_default=False),
    ] = None,
    models: Annotated[str, typer.Option(help="Recommenders, by commas.")] = "popular,item_graph,lightgcn",
    by: Annotated[str, typer.Option(help="METRIC@K that decides, see `graphrec evaluate --definitions`.")] = "ndcg@10",
    k: Annotated[str, typer.Option("--k", help="Lengths of lists to measure, by commas.")] = "10",
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds; each splits and trains anew.")] = 1,
    seed: Annotated[int, typer.Option(help="The first seed.")] = 0,
    against: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Compare with this one alone.", show_default=False)
    ] = None,
    split: Annotated[str | None, typer.Option(help="As in `graphrec evaluate`.", show_default=False)] = None,
    share: Annotated[float, typer.Option(help="The share that is held back.")] = 0.2,
    n: Annotated[int, typer.Option("--n", min=1, help="Of last-n: how many items of each user are held back.")] = 1,
    folds: Annotated[int, typer.Option(min=2, help="Of folds: how many.")] = 5,
    relevant: RelevantOption = "any",
    users: Annotated[
        int | None, typer.Option(min=1, help="Measure a sample of so many users.", show_default=False)
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of a model, as lightgcn.epochs=5; may be repeated.", show_default=False),
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write one page with plots.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Say which recommender is better for users like these, by how much, at what cost, and what chance can explain.

    Paired tests over users, and over seeds where there are several, with all comparisons in mind. With PATH the graph
    isn't touched.
    """
    from graphrec.comparing import Asked, compare
    from graphrec.connect import connect
    from graphrec.evaluation import SplitSettings

    asked = Asked(
        models=models.split(","),
        metric=by,
        ks=sorted({*read_lengths(k), *read_lengths(by.partition("@")[2] or "10")}),
        seeds=range(seed, seed + seeds),
        split=SplitSettings(split, share, seed, least(relevant), n=n, folds=folds),
        n_users=users,
        settings=read_model_settings(settings or []),
    )
    with ExitStack() as stack:
        bars = stack.enter_context(progress())
        data = path or stack.enter_context(connect(home))
        found = compare(data, asked, against=against, progress=Watch(bars).tell)
    if html:
        from graphrec.comparing.page import page
        from graphrec.pages import write_page

        write_page(html, page(found))
    if as_json:
        emit_json(found.as_dict())
    else:
        _print(found)


def _print(found: Comparison) -> None:
    told = found.told
    console.print(
        f"{told['dataset']}, split {told['split']} ({told['says']}), {_seeds(found)}: "
        f"{told['n_train']:,} training and {told['n_test']:,} held-back pairs, {found.n_users:,} users compared",
        markup=False,
    )
    left_out = [f"{n:,} {name.replace('_', ' ')}" for name, n in told["left_out"].items() if n]
    if left_out:
        console.print(f"left out: {', '.join(left_out)}", markup=False)
    rows = [
        {
            "model": row["model"],
            found.metric: row[found.metric],
            "95 %": f"{row['low']:.4f} to {row['high']:.4f}",
            **{name: f"{row[name]:.1f}" for name in ("fit_s", "recommend_s", "memory_mib")},
        }
        for row in found.rows
    ]
    print_table(rows, list(rows[0]))
    _print_slices(found)
    for sentence in found.sentences:
        console.print(sentence, markup=False)
    console.print(found.verdict, markup=False)


def _seeds(found: Comparison) -> str:
    return "one seed" if len(found.seeds) == 1 else f"{len(found.seeds)} seeds"


def _print_slices(found: Comparison) -> None:
    """A row a slice, a column a model."""
    recall = next(name for name in found.slices[0] if name.startswith("recall@"))
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for one in found.slices:
        row = rows.setdefault((one["by"], one["group"]), {"slice": f"{one['by']} with {one['group']}"})
        row["pairs"] = f"{one['n_pairs']:,.0f}"
        row[one["model"]] = one[recall]
    columns = ["slice", "pairs", *(row["model"] for row in found.rows)]
    print_table(list(rows.values()), columns, f"{recall}, by how much of them trains")
