"""`graphrec opt-out` and `graphrec opt-in`: whether what a person does may count."""

from __future__ import annotations

from typing import Annotated

import typer

from graphrec.cli.app import HomeOption, app, console

UserArgument = Annotated[str, typer.Argument(help="The user's id.")]


@app.command("opt-out")
def opt_out(user: UserArgument, home: HomeOption = None) -> None:
    """Let nothing count that a user did or does, in training, others' lists and reasons, popularity and trends.

    Running services of the home know it at once; the user gets what somebody unknown gets. Nothing is deleted.
    """
    from graphrec.connect import connect
    from graphrec.privacy import consent

    with connect(home) as graph:
        consent.opt_out(graph, user)
    console.print("opted out; `graphrec opt-in` brings everything back")


@app.command("opt-in")
def opt_in(user: UserArgument, home: HomeOption = None) -> None:
    """Let all count again that a user did, before and after opting out."""
    from graphrec.connect import connect
    from graphrec.privacy import consent

    with connect(home) as graph:
        consent.opt_in(graph, user)
    console.print("opted in; all counts as before")
