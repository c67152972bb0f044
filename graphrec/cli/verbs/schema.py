"""`graphrec schema`: make the constraints and indexes that are missing."""

from __future__ import annotations

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json


@app.command()
def schema(home: HomeOption = None, json: JsonOption = False) -> None:
    """Make the graph's constraints and indexes. Running it again changes nothing."""
    from graphrec.connect import connect
    from graphrec.ingest.schema import CONSTRAINTS, ensure_schema

    with connect(home) as graph:
        graph_id = ensure_schema(graph)
    if json:
        emit_json({"graph_id": graph_id, "constraints_and_indexes": sorted(CONSTRAINTS)})
        return
    console.print(f"{len(CONSTRAINTS)} constraints and indexes are in place; the graph's id is {graph_id}")
