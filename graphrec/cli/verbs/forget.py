"""`graphrec forget`: a person taken out of everything, and files in which something was left scrubbed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, err, print_table
from graphrec.errors import InputError

if TYPE_CHECKING:
    from graphrec.holdings.receipt import Receipt


@app.command()
def forget(  # noqa: PLR0917
    user: Annotated[str | None, typer.Argument(help="The user's id; may be left out with --scrub.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what is held, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    scrub: Annotated[
        bool, typer.Option("--scrub", help="Then rebuild the store and drop old logs; Neo4j is away for a while.")
    ] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Take a person out of the graph, logs of events, queues, models, recordings and running services, with a receipt.

    Killed anywhere, the same again goes on. `--scrub` also rebuilds Neo4j's store by export and bulk import, and drops
    old transaction and debug logs, staging and old model versions, whoever they speak of.
    """
    from graphrec.holdings import forget as forgetting
    from graphrec.holdings import scrub as scrubbing

    if user is None and not scrub:
        raise InputError("expected the id of a user, or --scrub; found neither")
    if dry_run:
        _show_held(forgetting.held(home, user) if user is not None else {}, as_json)
        return
    _confirm(user, yes)
    done: list[tuple[Receipt, Path]] = []
    if user is not None:
        done.append(forgetting.forget(home, user, lambda name: err.print(f"{name} …", style="dim")))
    if scrub:
        done.append(scrubbing.scrub(home, user, lambda step: err.print(f"{step} …", style="dim")))
    if as_json:
        emit_json([{"receipt": str(path), **asdict(receipt)} for receipt, path in done])
        return
    for receipt, path in done:
        _show(receipt, path)


def _confirm(user: str | None, yes: bool) -> None:
    """Nothing is taken away by accident."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InputError("this can't be undone: say --yes, or run it on a terminal, where it asks")
    wanted = user if user is not None else "scrub"
    if typer.prompt(f"This can't be undone. Type {wanted} to go on") != wanted:
        raise InputError("nothing was changed: what was typed is another word")


def _show_held(found: Mapping[str, Mapping[str, int]], as_json: bool) -> None:
    if as_json:
        emit_json(found)
        return
    _print(found)
    if not any(found.values()):
        console.print("nothing is held")


def _show(receipt: Receipt, path: Path) -> None:
    _print(receipt.places)
    for place in receipt.not_reached:
        console.print(f"not reached: {place}", markup=False)
    console.print(f"receipt {path}", markup=False)


def _print(found: Mapping[str, Mapping[str, int]]) -> None:
    rows = [{"place": place, "what": what, "count": n} for place, counts in found.items() for what, n in counts.items()]
    if rows:
        print_table(rows, ["place", "what", "count"])
