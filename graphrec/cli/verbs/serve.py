"""`graphrec serve`: answer over HTTP."""

from __future__ import annotations

import signal
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from graphrec.cli.app import HomeOption, app, err
from graphrec.errors import InputError
from graphrec.service.logs import LogFormat, LogLevel, log_config

ASK_S = 15.0
"""How long Neo4j may take to answer for the first time."""
FINISH_S = 10
"""How long requests that were accepted may take once the service is asked to end."""


@app.command()
def serve(  # noqa: PLR0917
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8080,
    workers: Annotated[int, typer.Option(min=1, help="Processes; one for each core is enough.")] = 1,
    open_: Annotated[
        bool, typer.Option("--open", help="Without keys: everybody on this machine may do everything.")
    ] = False,
    rate: Annotated[float, typer.Option(min=0, help="Requests a second of one key and worker; 0: no limit.")] = 0.0,
    budget: Annotated[float, typer.Option(min=0, help="Seconds that a list may wait for Neo4j (`with=`).")] = 0.25,
    max_body: Annotated[int, typer.Option(min=1, help="Bytes that a request may have.")] = 1_000_000,
    max_waiting: Annotated[int, typer.Option(min=1, help="Events that may wait for Neo4j.")] = 1_000_000,
    cors: Annotated[
        list[str] | None, typer.Option(help="An origin that browsers may ask from; may be repeated.")
    ] = None,
    pipeline: Annotated[
        Path | None, typer.Option(help="The TOML file that declares how lists are made; see `graphrec pipeline show`.")
    ] = None,
    experiments: Annotated[
        Path | None, typer.Option(help="The TOML file that declares them; without it HOME/experiments.toml.")
    ] = None,
    keep_days: Annotated[
        float, typer.Option(min=0, help="Days that lists shown in experiments, and what users did, are kept.")
    ] = 180.0,
    log_format: Annotated[LogFormat, typer.Option(help="Lines of text, or JSON objects.")] = LogFormat.text,
    log_level: Annotated[LogLevel, typer.Option(help="From `info` on each request has a line.")] = LogLevel.warning,
    home: HomeOption = None,
) -> None:
    """Answer over HTTP: recommendations, similar items, events, explanations. The paths: /openapi.json.

    Keys come from `graphrec key add`; with --open, on loopback alone, none is needed.
    """
    import uvicorn

    from graphrec.connect import connect
    from graphrec.ingest.binding import check_bound
    from graphrec.privacy.entry import entry_of
    from graphrec.server import Home
    from graphrec.service.keys import read_keys
    from graphrec.service.settings import ServiceSettings
    from graphrec.service.shared import shared_numbers
    from graphrec.service.tracing import check_tracing
    from graphrec.service.variants import check_models, read_trials, trials_file
    from graphrec.serving.pipeline import read_pipeline

    if pipeline is not None:  # a broken one is told here, before anything listens
        read_pipeline(pipeline)
    place = Home.at(home)
    settings = ServiceSettings(
        str(place.root),
        host=host,
        port=port,
        workers=workers,
        open=open_,
        rate=rate,
        budget_s=budget,
        max_body=max_body,
        max_waiting=max_waiting,
        cors=tuple(cors or []),
        pipeline=str(pipeline.absolute()) if pipeline is not None else None,
        experiments=None if experiments is None else str(experiments.resolve()),
        keep_days=keep_days,
    )
    if not open_ and not read_keys(place.root):
        raise InputError("there are no keys yet; make one with `graphrec key add NAME --role read`, or use --open")
    check_tracing()
    declared = read_trials(settings)
    with connect(home) as graph:  # a local Neo4j is started here, once, and not by each worker
        graph.within(ASK_S).verify()
        check_bound(graph, entry_of(place.root))
        check_models(declared, graph, trials_file(settings))
    settings.export()
    signal.signal(signal.SIGTERM, _leave)
    err.print(f"listening on http://{host}:{port}; Ctrl-C ends it")
    with shared_numbers(place.root) if workers > 1 else nullcontext():
        uvicorn.run(
            "graphrec.service.app:create",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            access_log=False,
            log_config=log_config(log_format, log_level),
            log_level=log_level.value,
            timeout_graceful_shutdown=FINISH_S,
            server_header=False,
            ws="none",
        )


def _leave(*_: object) -> None:
    """End with status 0. The server answers what it has accepted, ends, and then gives the signal on to this."""
    raise SystemExit(0)
