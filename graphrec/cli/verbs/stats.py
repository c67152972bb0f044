"""`graphrec stats`: what the graph holds, and a checksum of it."""

from __future__ import annotations

from dataclasses import asdict

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, print_table, progress
from graphrec.cli.watch import Watch


@app.command()
def stats(as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Count nodes, relationships and kinds, and print a checksum that is the same for the same data.

    The checksum covers users, items, tags and their relationships with every property; what is computed from them
    (embeddings, features, SIMILAR, models) and the event log stay outside.
    """
    from graphrec.connect import connect
    from graphrec.ingest.stats import read_stats

    with connect(home) as graph, progress() as bar:
        watch = Watch(bar)
        found = read_stats(graph, lambda done, total: watch.tell("reading", done, total))
    if as_json:
        emit_json(asdict(found))
        return
    groups = {"nodes": found.nodes, "relationships": found.relationships, "kinds": found.kinds}
    rows = [{"what": what, "name": name, "count": n} for what, group in groups.items() for name, n in group.items()]
    print_table(rows, ["what", "name", "count"])
    console.print(f"checksum {found.checksum}")
