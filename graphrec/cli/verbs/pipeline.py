"""`graphrec pipeline`: how lists are made, drawn stage by stage, and whether a file declares it well."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphrec.cli.app import JsonOption, app, console, emit_json

if TYPE_CHECKING:
    from rich.panel import Panel

    from graphrec.serving.pipeline import Pipeline

pipeline = typer.Typer(help="The pipeline that `graphrec serve` makes lists by: show, check.", no_args_is_help=True)
app.add_typer(pipeline, name="pipeline")

RULES = ("known", "few", "new", "anyone")
"""Keys whose values are sources, one after the other."""

FileOption = Annotated[Path | None, typer.Option("--pipeline", help="The TOML file; without it the default.")]


@pipeline.command()
def show(file: FileOption = None, as_json: JsonOption = False) -> None:
    """Draw the stages in their order, with their settings."""
    from graphrec.serving.pipeline import default_pipeline, read_pipeline

    found = read_pipeline(file) if file is not None else default_pipeline()
    stages = found.model_dump(mode="json")
    if as_json:
        emit_json([{"stage": name, "settings": settings} for name, settings in stages.items()])
        return
    usual = default_pipeline().model_dump(mode="json")
    for n, (name, settings) in enumerate(stages.items()):
        if n:
            console.print("  ↓")
        console.print(_panel(f"{n + 1}  {name}", settings, usual[name]), soft_wrap=False)


@pipeline.command()
def check(file: Annotated[Path, typer.Argument(help="The TOML file.")]) -> None:
    """Read a file as the service does at its start; tags and properties are checked there, against the graph."""
    from graphrec.serving.pipeline import default_pipeline, read_pipeline

    changed = _changed(read_pipeline(file), default_pipeline())
    console.print(
        f"{file} is a pipeline; it differs from the default in {', '.join(changed) or 'nothing'}", markup=False
    )


def _changed(found: Pipeline, usual: Pipeline) -> list[str]:
    """The keys whose values differ."""
    one, other = found.model_dump(), usual.model_dump()
    return [f"{stage}.{key}" for stage in one for key in one[stage] if one[stage][key] != other[stage][key]]


def _panel(title: str, settings: dict[str, Any], usual: dict[str, Any]) -> Panel:
    """A stage as a box; what differs from the default is bold."""
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for key, value in settings.items():
        grid.add_row(Text(key, "dim"), Text(_cell(key, value), "bold" if value != usual[key] else ""))
    return Panel(grid, title=title, title_align="left")


def _cell(key: str, value: Any) -> str:
    if isinstance(value, list):
        return (" > " if key in RULES else ", ").join(value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}"
