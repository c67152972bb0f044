"""`graphrec expire`: what is older than the retention goes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, err


@app.command()
def expire(
    older_than: Annotated[str, typer.Option(metavar="AGE", help="90d, 8w, 18m (months) or 2y.")],
    users: Annotated[bool, typer.Option("--users", help="Also users of whom nothing is left then.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and change nothing.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Delete what was done longer ago: interactions by their last time, logged events, and what experiments recorded.

    Running services read the graph anew afterwards. Killed in the middle, run it again.
    """
    from graphrec.holdings.expire import cutoff
    from graphrec.holdings.expire import expire as run

    told = (lambda what: None) if as_json else lambda what: err.print(f"{what} …", style="dim")
    found = run(home, cutoff(older_than), users=users, dry_run=dry_run, told=told)
    if as_json:
        emit_json(asdict(found))
        return
    does = "would go" if dry_run else "gone"
    for name in ("relationships", "events", "journal", "recordings", "users", "nights"):
        console.print(f"{getattr(found, name):>12,} {name} {does}")
