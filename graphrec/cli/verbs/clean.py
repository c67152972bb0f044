"""`graphrec clean`: an input into one that can be trusted, by rules."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphrec.cli.app import JsonOption, app, console, emit_json, print_table, progress
from graphrec.cli.verbs.load import read_columns
from graphrec.cli.watch import Watch

if TYPE_CHECKING:
    from graphrec.cleaning import CleanReport


@app.command()
def clean(  # noqa: PLR0917
    path: Annotated[Path, typer.Argument(help="A folder, file or zip of any format that `graphrec load` knows.")],
    out: Annotated[Path, typer.Option(help="The folder to write: a new one, or one that this command wrote.")],
    rules: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Rules as TOML; it needs only what differs from the default.")
    ] = None,
    review: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Decisions on what is merged; without it OUT/review.csv.")
    ] = None,
    columns: Annotated[
        str | None, typer.Option(metavar="user=…,item=…", help="Which columns of a table hold what, as in `load`.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="The kind of all interactions, like purchase or view.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Put aside or mend what is wrong with an input, and write what is left so that `graphrec load OUT` takes it.

    The input is never written. OUT/rejects.csv holds every row that was put aside, with the rule, the reason, file and
    line; OUT/report.json what each rule was told and did. The same input, rules and decisions give the same files.
    """
    from graphrec import cleaning

    with progress() as bar:
        report = cleaning.clean(
            path,
            out,
            rules=cleaning.read_rules(rules),
            columns=read_columns(columns),
            kind=kind,
            review=review,
            progress=Watch(bar).tell,
        )
    if as_json:
        emit_json(asdict(report))
        return
    _show(report, out)


def _show(report: CleanReport, out: Path) -> None:
    rows = [asdict(one) for one in report.rules if one.on]
    print_table(rows, ["rule", "rejected", "changed", "told"])
    off = ", ".join(one.rule for one in report.rules if not one.on)
    console.print(f"off: {off}" if off else "all rules are on", markup=False)
    files = ", ".join(f"{n:,} rows of {name}" for name, n in report.files.items())
    console.print(f"{report.after:,} of {report.before:,} interactions are left; {files} in {out}", markup=False)
