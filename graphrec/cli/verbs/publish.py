"""`graphrec publish`: counts that may leave the house, with noise that hides each person."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, err, print_table

if TYPE_CHECKING:
    from graphrec.privacy.publish import Plan

publishing = typer.Typer(no_args_is_help=True, help="Counts with noise that hides each person, and what they cost.")
app.add_typer(publishing, name="publish")

EpsilonOption = Annotated[float, typer.Option(help="What it may cost each person; 1 hides well, 10 hardly.")]
ItemsOption = Annotated[int, typer.Option(min=1, help="Items of one person that count, at most.")]
SeedOption = Annotated[int, typer.Option(help="Draws which of a person's items count; the noise has no seed.")]
OutOption = Annotated[Path | None, typer.Option(help="The CSV file; without it the standard output.")]


@publishing.command()
def counts(
    epsilon: EpsilonOption,
    max_items: ItemsOption = 20,
    seed: SeedOption = 0,
    out: OutOption = None,
    home: HomeOption = None,
) -> None:
    """How many people like each item, liked or not: Laplace noise, pure epsilon."""
    from graphrec.privacy.publish import CountPlan

    _publish(CountPlan(epsilon, max_items, seed), out, home)


@publishing.command()
def cooccurrence(  # noqa: PLR0917
    epsilon: EpsilonOption,
    delta: Annotated[float, typer.Option(help="The probability that epsilon doesn't hold.")] = 1e-6,
    max_items: ItemsOption = 20,
    top_items: Annotated[int, typer.Option(min=2, help="Items whose pairs are published.")] = 500,
    seed: SeedOption = 0,
    out: OutOption = None,
    home: HomeOption = None,
) -> None:
    """How many people like both of two items, for all pairs of those most liked: Gaussian noise, epsilon and delta."""
    from graphrec.privacy.publish import PairPlan

    _publish(PairPlan(epsilon, delta, max_items, top_items, seed), out, home)


@publishing.command()
def ledger(as_json: JsonOption = False, home: HomeOption = None) -> None:
    """What has been published, what it cost each person, and what is left."""
    from graphrec.privacy import ledger as book
    from graphrec.server import Home

    root = Home.at(home).root
    spent, found = book.read_ledger(root), book.balance(root)
    if as_json:
        emit_json({"spent": [asdict(row) for row in spent], "balance": asdict(found)})
        return
    print_table([asdict(row) for row in spent], ["what", "epsilon", "delta"])
    console.print(
        f"epsilon {found.epsilon:g} of {found.total_epsilon:g}, delta {found.delta:g} of {found.total_delta:g}"
    )


def _publish(plan: Plan, out: Path | None, home: Path | None) -> None:
    """The budget is charged before the noise is drawn, and after everything that may go wrong before."""
    from graphrec.connect import connect
    from graphrec.privacy.ledger import spend
    from graphrec.privacy.publish import released
    from graphrec.snapshot import Snapshot

    epsilon, delta = plan.cost
    with connect(home) as graph:
        snapshot = Snapshot.from_graph(graph)
        balance = spend(graph.home, plan.what, epsilon, delta, asdict(plan))
    found = released(snapshot, plan)
    found.table.to_csv(out or sys.stdout, index=False)
    told = console if out else err
    told.print(
        f"{len(found.table):,} counts with noise of deviation {found.deviation:.3g}; spent epsilon {balance.epsilon:g} "
        f"of {balance.total_epsilon:g}, delta {balance.delta:g} of {balance.total_delta:g}"
    )
