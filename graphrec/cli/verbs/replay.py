"""`graphrec replay`: what another recommender would have got in place of the lists that users were shown."""

from __future__ import annotations

from typing import Annotated

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, print_table


@app.command()
def replay(  # noqa: PLR0917
    name: Annotated[str, typer.Option("--with", help="The fitted recommender to ask about.")] = "popular",
    k: Annotated[int, typer.Option("-k", min=1, help="How many places count.")] = 1,
    outcome: Annotated[str, typer.Option(help="The kind of event that is a success.")] = "click",
    explore: Annotated[float, typer.Option(help="The share of places that it would give to chance.")] = 0.0,
    window: Annotated[str, typer.Option(help="How long after a list an event may come of it, as 1d or 30m.")] = "1d",
    experiment: Annotated[
        str, typer.Option(help="Lists of this experiment; without it those outside of all.", show_default=False)
    ] = "",
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Estimate what a recommender would have got, from lists of the service that left something to chance.

    Inverse propensity estimates with intervals. Only lists count whose chances are known and above 0; the recommender
    learns from what came before them alone.
    """
    from graphrec.connect import connect
    from graphrec.experiments import Store
    from graphrec.experiments.config import read_duration
    from graphrec.experiments.store import FILE
    from graphrec.replay import Policy, replay_graph
    from graphrec.replay.entry import as_dict
    from graphrec.server.home import Home

    length = read_duration(window, "--window")
    with connect(home) as graph:
        store = Store(Home.at(home).root / FILE)
        told = replay_graph(
            graph, store, Policy(name, explore), k=k, outcome=outcome, window=length, experiment=experiment
        )
    if as_json:
        emit_json(as_dict(told))
        return
    found = told.found
    console.print(
        f"{found.n_lists:,} lists of {found.n_users:,} users whose first {k} places were left to chance; "
        f"{outcome} a list, 95 %",
        markup=False,
    )
    named = {"logged": found.logged, f"{name}, IPS": found.ips, f"{name}, SNIPS": found.snips}
    rows = [{"policy": what, "value": one.value, "from": one.low, "to": one.high} for what, one in named.items()]
    print_table(rows, ["policy", "value", "from", "to"])
    console.print(f"effective sample: {found.effective:,.0f} lists; mean weight {found.weight.value:.2f}", markup=False)
    left_out = ", ".join(f"{n:,} {reason}" for reason, n in told.left_out.items() if n)
    if left_out:
        console.print(f"left out: {left_out}", markup=False)
    for warning in found.warnings:
        console.print(warning, markup=False)
