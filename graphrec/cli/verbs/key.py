"""`graphrec key`: who may ask the service."""

from __future__ import annotations

from typing import Annotated

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, err, print_table

keys = typer.Typer(no_args_is_help=True, help="Keys of the service, and what they open.")
app.add_typer(keys, name="key")


@keys.command()
def add(
    name: Annotated[str, typer.Argument(help="Who it is for.")],
    role: Annotated[list[str], typer.Option(help="read, events or admin; may be repeated.")],
    home: HomeOption = None,
) -> None:
    """Make a key. It is printed once, and only its hash is kept; the service knows it from its next start on."""
    from graphrec.server import Home
    from graphrec.service.keys import add_key

    secret = add_key(Home.at(home).root, name, role)
    err.print("keep it now, it isn't shown again:")
    console.print(secret)


@keys.command("list")
def list_(as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Names and roles."""
    from graphrec.server import Home
    from graphrec.service.keys import read_keys

    rows = [{"name": key.name, "roles": list(key.roles)} for key in read_keys(Home.at(home).root)]
    if as_json:
        emit_json(rows)
    else:
        print_table(rows, ["name", "roles"])


@keys.command()
def remove(
    name: Annotated[str, typer.Argument(help="As `graphrec key list` shows it.")], home: HomeOption = None
) -> None:
    """Take a key back; the service forgets it at its next start."""
    from graphrec.server import Home
    from graphrec.service.keys import remove_key

    remove_key(Home.at(home).root, name)
    console.print(f"key {name} is gone")
