"""`graphrec fairness`: what wider and fairer lists cost, and groups over time."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, print_table, progress
from graphrec.cli.groups import allowed_groups
from graphrec.cli.pairs import read_pairs
from graphrec.cli.watch import Watch
from graphrec.errors import InputError

if TYPE_CHECKING:
    from graphrec.fairness import Period

fairness = typer.Typer(help="Fairness and filter bubbles: tradeoff, audit.", no_args_is_help=True)
app.add_typer(fairness, name="fairness")

PathArgument = Annotated[
    Path | None, typer.Argument(help="A folder, file or zip; without it, the data of the graph.", show_default=False)
]


@fairness.command()
def tradeoff(  # noqa: PLR0917
    path: PathArgument = None,
    model: Annotated[str, typer.Option(help="The fitted recommender whose lists are reordered.")] = "item_graph",
    ways: Annotated[
        str,
        typer.Option(
            help="mmr, calibration, xquad, tail-share, tail-exposure, item-cap, item-floor; with --group group-share, "
            "group-exposure; of lightgcn popularity_penalty, with --group group_penalty."
        ),
    ] = "mmr,calibration,xquad,tail-share,tail-exposure,item-cap,item-floor",
    group: Annotated[
        str, typer.Option(metavar="GROUP", help="Of items, by a tag or a property: tag:Drama, language:fr.")
    ] = "",
    weights: Annotated[str, typer.Option(help="How much of each is asked for, from 0 to 1.")] = "0,0.25,0.5,0.75",
    k: Annotated[int, typer.Option("-k", min=1, help="How long lists are.")] = 10,
    split: Annotated[str | None, typer.Option(help="As in `graphrec evaluate`.", show_default=False)] = None,
    users: Annotated[
        int | None, typer.Option(min=1, help="Measure a sample of so many users.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="For the split and the sample.")] = 0,
    setting: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting of the model; may be repeated.")
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write one page with a plot a way.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Say what less alike, calibrated and less popular lists cost in accuracy, a row a way and number."""
    from graphrec.connect import connect
    from graphrec.evaluation import SplitSettings
    from graphrec.fairness import weigh

    with ExitStack() as stack:
        bars = stack.enter_context(progress())
        found = weigh(
            path or stack.enter_context(connect(home)),
            model,
            ways.split(","),
            weights=_numbers(weights),
            k=k,
            split=SplitSettings(split, seed=seed),
            n_users=users,
            settings=read_pairs(setting or [], "--set embedding_dim=64"),
            group=group,
            progress=Watch(bars).tell,
        )
    if html:
        from graphrec.fairness.page import page
        from graphrec.pages import write_page

        write_page(html, page(found))
    if as_json:
        emit_json({name: getattr(found, name) for name in found.__dataclass_fields__})
        return
    console.print(f"{found.model} on {found.dataset} ({found.says})", markup=False)
    columns = list(dict.fromkeys(name for row in found.rows for name in row if name != "for"))
    print_table([{**row, "weight": f"{row['weight']:g}"} for row in found.rows], columns)


@fairness.command()
def audit(  # noqa: PLR0917
    path: PathArgument = None,
    models: Annotated[str, typer.Option(help="Recommenders, by commas.")] = "popular,item_graph",
    by: Annotated[
        str,
        typer.Option(
            help="activity, item-age, item-popularity, a property of users, or items as tag:Drama, by commas."
        ),
    ] = "activity,item-popularity",
    periods: Annotated[int, typer.Option(min=1, help="Into how many the later half of the time is cut.")] = 4,
    k: Annotated[int, typer.Option("-k", min=1, help="How long lists are.")] = 10,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write one page with a plot a grouping.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Follow groups over time: in each period, what lists learnt from all before it are worth to each."""
    from graphrec.connect import connect
    from graphrec.evaluation import Groups
    from graphrec.fairness import audit_over_time

    groups = Groups(allowed_groups(by, home))
    with ExitStack() as stack:
        bars = stack.enter_context(progress())
        data = path or stack.enter_context(connect(home))
        told = Watch(bars).tell
        found = audit_over_time(data, models.split(","), groups, periods=periods, k=k, progress=told)
    if html:
        from graphrec.fairness.over_time_page import page
        from graphrec.pages import write_page

        write_page(html, page(found))
    if as_json:
        emit_json([one.as_dict() for one in found])
    else:
        _print(found)


def _print(found: list[Period]) -> None:
    from graphrec.fairness.over_time_page import day

    rows = [{"until": day(one.end), **row} for one in found for row in one.rows]
    print_table(rows, list(dict.fromkeys(name for row in rows for name in row)))
    gaps = [
        {"until": day(one.end), **gap, "clear": "yes" if gap["is_clear"] else "may be chance"}
        for one in found
        for gap in one.gaps
    ]
    print_table(gaps, ["until", "model", "by", "gap", "best", "worst", "clear"], "The best group less the worst")


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"expected numbers between commas, such as 0,0.5, found {text!r}") from None
