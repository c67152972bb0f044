"""`graphrec demo`: MovieLens 100K from file to recommendations, each step by the same calls as the other commands."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from graphrec.cli.app import HomeOption, app, console, print_table, progress
from graphrec.cli.verbs.db import jars_bar
from graphrec.cli.watch import Watch
from graphrec.connect import connect
from graphrec.datasets import MOVIELENS_100K, fetch
from graphrec.server import Home
from graphrec.server.jars import cache_folder

if TYPE_CHECKING:
    import pandas as pd

    from graphrec.graph import Graph

SHOWN = ("walk", "cooccurrence", "blend")
COMPARED = ("walk", "cooccurrence", "blend", "popular")
WHOLE_HISTORY = 1000
ASKED = 500
"""Test users of the table, a seeded sample: all take half a minute more (`graphrec evaluate --split time-user`)."""

MEASURED = ("recall@10", "ndcg@10", "coverage@10")


@app.command()
def demo(
    user: Annotated[str, typer.Option(help="Whom to recommend to.")] = "196",
    k: Annotated[int, typer.Option("-k", help="How many films to show of each recommender.", min=1)] = 5,
    home: HomeOption = None,
) -> None:
    """Fetch MovieLens 100K, load it, train on it, recommend from it and measure it. Again, it changes no counts."""
    with _step("MovieLens 100K"):
        path = fetch(MOVIELENS_100K, cache_folder().parent / "data")
    with _step("Neo4j is up"), jars_bar() as arrived:
        connect(home, progress=arrived).close()
    with _step("loaded"):
        _load(path, home)
    with connect(home) as graph:
        with _step("LightGCN and a graph filter are trained, blended and written back"):
            _train(graph)
        _show_counts(graph)
        _show_history(graph, user, k)
        _show_side_by_side(graph, user, k)
    _show_evaluation(path)
    _show_what_next(home)


@contextmanager
def _step(what: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    console.print(f"[green]✓[/] {escape(what)} [dim]({time.perf_counter() - started:.1f} s)[/]")


def _load(path: Path, home: Path | None) -> None:
    from graphrec.ingest.load import load

    with progress() as bar:
        load(path, home, progress=Watch(bar).tell)


def _train(graph: Graph) -> None:
    from graphrec.models.train import train

    with progress() as bar:
        watch = Watch(bar)
        train(
            graph,
            progress=lambda report: watch.tell(
                "training", (report.epoch - 1) * report.steps + report.step, report.epochs * report.steps
            ),
            publishing=watch.tell,
        )


def _show_counts(graph: Graph) -> None:
    from graphrec.ingest.stats import read_stats

    stats = read_stats(graph)
    counts = {name: n for name, n in (stats.nodes | stats.relationships).items() if n and name != "models"}
    told = ", ".join(f"{n:,} {name}" for name, n in counts.items())
    console.print(f"\n[bold]The graph[/]: {escape(told)}\n[dim]checksum {stats.checksum}[/]")


def _show_history(graph: Graph, user: str, k: int) -> None:
    rated = graph.read("users/history", user_ids=[user], k=WHOLE_HISTORY)
    best = sorted(rated, key=lambda row: (-row["rating"], row["rank"]))[:k]
    liked = [
        {
            "title": row["title"],
            "rating": f"{row['rating']:g}",
            "when": datetime.fromtimestamp(row["last_at"] / 1000, UTC).date(),
        }
        for row in best
    ]
    console.print()
    print_table(liked, ["title", "rating", "when"], title=f"What user {user} liked best, the latest first")


def _show_side_by_side(graph: Graph, user: str, k: int) -> None:
    from graphrec.recommend.base import Profile
    from graphrec.recommend.registry import get

    columns = [_rows(get(name, graph).recommend([Profile(user)], k)) for name in SHOWN]
    cards = {row["item_id"]: row for row in graph.read("items/cards", item_ids=sorted(_ids(columns)), max_tags=3)}
    table = Table(title=f"Recommended to user {user}", title_justify="left", header_style="bold", show_lines=True)
    for name in SHOWN:
        table.add_column(name, ratio=1)
    for n in range(max(map(len, columns))):
        table.add_row(*(_card(column[n], cards) if n < len(column) else "" for column in columns))
    console.print()
    console.print(table)


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False)]


def _ids(columns: Sequence[Sequence[dict[str, Any]]]) -> set[str]:
    return {row["item_id"] for column in columns for row in column}


def _card(row: dict[str, Any], cards: dict[str, dict[str, Any]]) -> str:
    card = cards[row["item_id"]]
    title = escape(card["title"] or row["item_id"])
    return f"[bold]{title}[/]\n[dim]{escape(', '.join(card['tags']))}[/]\n{escape(row['reason'])}"


def _show_evaluation(path: Path) -> None:
    from graphrec.evaluation import SplitSettings, evaluate

    with progress() as bar:
        settings = SplitSettings("time-user")
        found = evaluate(path, COMPARED, ks=[10], settings=settings, n_users=ASKED, progress=Watch(bar).tell)
    title = f"How good they are, over {found.n_users} users ({found.split}: {found.says})"
    console.print()
    print_table(found.rows, ["model", *MEASURED], title=title)


def _show_what_next(home: Path | None) -> None:
    where = f" --home {Home.at(home).root}" if home else ""
    console.print(f"\nTo open the graph in Neo4j Browser: [bold]graphrec db browser{where}[/]")
    console.print(f"Its password: [bold]graphrec db status --show-password{where}[/]")
    console.print(f"To stop the server: [bold]graphrec db down{where}[/]")
