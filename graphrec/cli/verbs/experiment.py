"""`graphrec experiment`: what runs, what it tells so far, and how many users one needs."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, print_table
from graphrec.errors import InputError

if TYPE_CHECKING:
    from graphrec.experiments import Experiment, Variant
    from graphrec.experiments.comparison import Interval
    from graphrec.experiments.report import Report, Row

experiment = typer.Typer(help="Experiments with real users: list, report, size.", no_args_is_help=True)
app.add_typer(experiment, name="experiment")

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="The TOML file that declares them; without it HOME/experiments.toml."),
]


@experiment.command(name="list")
def list_all(config: ConfigOption = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the experiments that are declared, and whether they take users now."""
    now = round(time.time() * 1000)
    rows = [_card(one, now) for one in _declared(config, home)]
    if as_json:
        emit_json(rows)
    elif rows:
        print_table(rows, ["name", "kind", "variants", "outcome", "traffic", "running"])
    else:
        console.print(f"no experiments; declare some in {_place(config, home)}", markup=False)


@experiment.command()
def report(
    name: Annotated[str, typer.Argument(help="The experiment's name.")],
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what an experiment tells so far. It may be asked as often as one likes: p and `always` allow peeking."""
    from graphrec.experiments import Store
    from graphrec.experiments.report import report as make
    from graphrec.experiments.store import FILE
    from graphrec.server.home import Home

    declared = {one.name: one for one in _declared(config, home)}
    if name not in declared:
        known = ", ".join(declared) or "none"
        raise InputError(f"no experiment {name!r} in {_place(config, home)}; there are: {known}")
    found = make(Store(Home.at(home).root / FILE), declared[name], round(time.time() * 1000))
    if as_json:
        emit_json(_finite(asdict(found)))
    else:
        _print(found)


@experiment.command()
def size(
    rate: Annotated[str, typer.Option(help="The control's rate: users who convert, such as .05 or 5%.")],
    uplift: Annotated[str, typer.Option(help="The relative change to find, such as 10%.")] = "10%",
    power: Annotated[str, typer.Option(help="How likely it is to be found.")] = "80%",
    share: Annotated[str, typer.Option(help="The variant's share of the users of both.")] = "50%",
    as_json: JsonOption = False,
) -> None:
    """Say how many users an experiment needs that is looked at after every event, by the exact power of its test."""
    from graphrec.experiments.config import read_share
    from graphrec.experiments.power import size as reckon

    given = {"--rate": rate, "--uplift": uplift, "--power": power, "--share": share}
    wanted = {name: read_share(text, name) for name, text in given.items()}
    found = reckon(wanted["--rate"], wanted["--uplift"], power=wanted["--power"], share=wanted["--share"])
    if as_json:
        emit_json(asdict(found))
        return
    console.print(
        f"{found.users:,} users in both variants find {wanted['--uplift']:+.1%} with a chance of {found.power:.0%}; "
        f"half of such experiments end by {found.median:,}.\n"
        f"A test that may be looked at only once, at the end, would need {found.fixed:,}.",
        markup=False,
    )


def _declared(config: Path | None, home: Path | None) -> tuple[Experiment, ...]:
    from graphrec.experiments import read_experiments

    place = _place(config, home)
    return read_experiments(place) if config is not None or place.exists() else ()


def _place(config: Path | None, home: Path | None) -> Path:
    from graphrec.experiments.config import FILE
    from graphrec.server.home import Home

    return config if config is not None else Home.at(home).root / FILE


def _card(one: Experiment, now: int) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "variants": [
            f"{variant.name} {variant.share:.0%} ({', '.join([' > '.join(variant.recommenders), *_settings(variant)])})"
            for variant in one.variants
        ],
        "outcome": one.outcome.kind,
        "traffic": one.traffic,
        "running": "yes" if one.is_running(now) else "no",
    }


def _settings(variant: Variant) -> list[str]:
    return [f"{name} = {value}" for name, value in variant.settings.items()]


def _print(found: Report) -> None:
    console.print(f"{found.experiment}: {found.users:,} users, {found.outcome} within their windows", markup=False)
    if found.rows:
        columns = ["variant", "users", "shown", "judged", "converted", "rate", "uplift", "once", "always", "p"]
        print_table([_cells(row) for row in found.rows], columns)
    for row in found.rows:
        for one in row.guardrails:
            console.print(
                f"guardrail {row.variant}, {one.kind}: {_percent(one.estimate)} {_span(one.always)}, "
                f"allowed {_percent(one.worst)}: {one.state}",
                markup=False,
            )
    if found.shares:
        once = "" if found.shares.chi_square_p is None else f", chi-square p {found.shares.chi_square_p:.3g}"
        console.print(f"shares: p {found.shares.p:.3g}{once}", markup=False)
    if found.preference:
        told, (first, second) = found.preference, found.variants
        console.print(
            f"{told.wins[0]:,} users prefer {first}, {told.wins[1]:,} {second}, {told.ties:,} neither; "
            f"the share of {second} {_percent(told.preferred, '')} {_span(told.always, '')}, p {told.p:.3g}",
            markup=False,
        )
    if found.mixed:
        console.print(f"{found.mixed:,} users were shown more than one variant and are left out", markup=False)
    console.print(found.verdict, markup=False)


def _cells(row: Row) -> dict[str, Any]:
    rate = "" if row.rate is None else f"{row.rate:.2%} {_span(row.interval, '')}"
    cells: dict[str, Any] = {
        "variant": row.variant,
        "users": row.users,
        "shown": row.impressions,
        "judged": row.judged,
        "converted": row.converted,
        "rate": rate,
    }
    if row.uplift:
        cells |= {
            "uplift": _percent(row.uplift.estimate),
            "once": _span(row.uplift.fixed),
            "always": _span(row.uplift.always),
            "p": f"{row.uplift.p:.3g}",
        }
    return cells


def _percent(value: float | None, sign: str = "+") -> str:
    return "unknown" if value is None else f"{value:{sign}.1%}"


def _span(interval: Interval | None, sign: str = "+") -> str:
    return "" if interval is None else f"({_percent(interval[0], sign)} to {_percent(interval[1], sign)})"


def _finite(value: Any) -> Any:
    """The same with null for what JSON has no word for: an uplift without an upper limit."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and value in (float("inf"), float("-inf")) else value
