"""A graph belongs to one key of pseudonyms, or to none: else one person would be two."""

from __future__ import annotations

from graphrec.errors import InputError
from graphrec.graph import Graph
from graphrec.privacy.entry import Entry


def bind(graph: Graph, entry: Entry) -> None:
    """Note the key's fingerprint on the graph's node, before the first user comes. InputError where the graph was made
    under another key, or where users came in as they are."""
    wanted = entry.pseudonyms.fingerprint if entry.pseudonyms else None
    found = check_bound(graph, entry)
    if wanted is not None and found is None:
        graph.write("privacy/bind_key", fingerprint=wanted)


def check_bound(graph: Graph, entry: Entry) -> str | None:
    """The fingerprint that the graph has, None for none. InputError where ids that come in now would be others."""
    wanted = entry.pseudonyms.fingerprint if entry.pseudonyms else None
    row = graph.read("privacy/bound_key")[0]
    found: str | None = row["fingerprint"]
    if wanted == found or (found is None and not row["users"]):
        return found
    if found is None:
        raise InputError(
            "the policy asks for pseudonyms, but the graph holds users by their own ids; load into an empty graph"
        )
    if wanted is None:
        raise InputError("the graph holds pseudonyms, but the policy doesn't ask for them; set ids.pseudonyms to true")
    raise InputError(
        f"the graph's pseudonyms were made with another key (fingerprint {found}, this key has {wanted}); bring that "
        "key back, or load into an empty graph"
    )
