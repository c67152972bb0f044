"""`graphrec schema`: make the constraints and indexes that are missing, and say what the features are."""

from __future__ import annotations

from dataclasses import asdict

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, print_table


@app.command()
def schema(home: HomeOption = None, json: JsonOption = False) -> None:
    """Make the graph's constraints and indexes, and list the features that `graphrec features` writes.

    Running it again changes nothing.
    """
    from graphrec.connect import connect
    from graphrec.features.described import FEATURES
    from graphrec.ingest.schema import CONSTRAINTS, ensure_schema

    with connect(home) as graph:
        graph_id = ensure_schema(graph)
    described = [asdict(one) for one in FEATURES]
    if json:
        emit_json(
            {"graph_id": graph_id, "constraints_and_indexes": sorted(CONSTRAINTS), "features": described},
        )
        return
    console.print(f"{len(CONSTRAINTS)} constraints and indexes are in place; the graph's id is {graph_id}")
    print_table(described, ["label", "name", "type", "meaning"], title="Properties that `graphrec features` writes")
