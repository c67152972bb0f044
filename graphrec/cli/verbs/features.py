"""`graphrec features`: what was done as properties of users and items."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, progress
from graphrec.cli.watch import Watch


@app.command()
def features(
    price: Annotated[str, typer.Option(help="The property of items that is their price.")] = "price",
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Write features of users and items as properties; again, it writes those alone that changed.

    Users get tag preferences, recency, activity, breadth, skip rate, profiles of hours and weekdays, price sensitivity
    and how many people they follow; items get popularity and its course, age, tag rarity and the spread of ratings.
    `graphrec schema` says what each property means.
    """
    from graphrec.connect import connect
    from graphrec.features import write_features

    with connect(home) as graph, progress() as bar:
        report = write_features(graph, price=price, progress=Watch(bar).tell)
    if as_json:
        emit_json(asdict(report))
        return
    console.print(
        f"features of {report.users_written:,} users and {report.items_written:,} items written, "
        f"{report.users_unchanged:,} and {report.items_unchanged:,} had theirs, {report.seconds:.1f} s"
    )
