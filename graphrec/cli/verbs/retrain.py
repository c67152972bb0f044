"""`graphrec retrain`: what is to happen every night."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, err, progress
from graphrec.cli.pairs import read_pairs
from graphrec.cli.verbs.load import read_columns
from graphrec.cli.watch import Watch
from graphrec.errors import BusyError

if TYPE_CHECKING:
    from graphrec.nightly import Outcome


@app.command()
def retrain(  # noqa: PLR0917
    model: Annotated[str, typer.Option(help="Which model to retrain: blend or lightgcn.")] = "blend",
    data: Annotated[
        Path | None, typer.Option(help="New data, loaded first as `graphrec load` does.", show_default=False)
    ] = None,
    columns: Annotated[
        str | None, typer.Option(metavar="user=…,item=…", help="Which columns of a table hold what; see `load`.")
    ] = None,
    rejects: Annotated[Path | None, typer.Option(metavar="FILE", help="Write bad rows to FILE, load the rest.")] = None,
    kind: Annotated[str | None, typer.Option(help="The kind of all new interactions, like purchase or view.")] = None,
    audit: Annotated[
        str | None,
        typer.Option(metavar="CMD", help="Run CMD first; unless it ends with 0 nothing is trained."),
    ] = None,
    margin: Annotated[float, typer.Option(help="How much worse, as a share, the new version may be.")] = 0.01,
    keep: Annotated[int, typer.Option(help="How many versions to keep.")] = 3,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting other than the live version's; may be repeated."),
    ] = None,
    warm: Annotated[
        bool, typer.Option("--warm/--cold", help="Start at what the live version has learnt, or from nothing.")
    ] = True,
    again: Annotated[bool, typer.Option("--again", help="Train even if nothing is new.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Don't go on with an interrupted run.")] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Make the version before live again, and stop.")] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write how it ended to FILE, as JSON.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Load what is new, audit it, train from the live version, and swap if the new one is no worse.

    Both are measured on interactions that were withheld from both. Killed anywhere, the same command goes on. Exit
    status: 0 swapped or nothing new, 1 an error, 2 wrong usage, 3 worse, 4 the audit said no, 5 another run is at it;
    in all but the first the version before stays live.
    """
    from graphrec.nightly import STATUSES, NewData, command_audit, roll_back
    from graphrec.nightly import retrain as run

    try:
        if rollback:
            outcome = roll_back(home, model, report=report)
        else:
            with progress() as bars:
                outcome = run(
                    home,
                    model,
                    read_pairs(setting or [], "--set temperature=0.1"),
                    data=NewData(data, read_columns(columns), rejects, kind) if data else None,
                    audit=command_audit(audit) if audit else None,
                    margin=margin,
                    keep=keep,
                    warm=warm,
                    again=again,
                    fresh=fresh,
                    report=report,
                    progress=Watch(bars).tell,
                )
    except BusyError as error:
        err.print(f"error: {error}", markup=False)
        raise typer.Exit(STATUSES["busy"]) from None
    except KeyboardInterrupt:
        err.print("interrupted; the version before stays live, the same command goes on")
        raise typer.Exit(130) from None
    _show(outcome, as_json)
    raise typer.Exit(outcome.status)


def _show(outcome: Outcome, as_json: bool) -> None:
    if as_json:
        emit_json(outcome.as_dict())
        return
    console.print(f"{outcome.decision}: {outcome.says}", markup=False)
    for name, new in outcome.metrics.get("new", {}).items():
        console.print(f"{name}: {new:.4f}, live before: {outcome.metrics['live'][name]:.4f}", markup=False)
    if outcome.seconds:
        told = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in outcome.seconds.items())
        console.print(told + (" (an interrupted run was gone on with)" if outcome.resumed else ""), markup=False)
