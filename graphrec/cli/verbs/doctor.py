"""`graphrec doctor`: what is there, what isn't, and what repairs it."""

from __future__ import annotations

from dataclasses import asdict

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json


@app.command()
def doctor(home: HomeOption = None, json: JsonOption = False) -> None:
    """Say what is there and what isn't. Exit status 1 when something that is needed is missing."""
    from graphrec.doctor import examine

    found = examine(home)
    if json:
        emit_json([asdict(one) for one in found])
    else:
        for one in found:
            console.print(f"{'ok ' if one.well else 'NO '} {one.name}: {one.text}", markup=False)
            if one.repair:
                console.print(f"      repair: {one.repair}", markup=False)
    if not all(one.well for one in found):
        raise typer.Exit(1)
