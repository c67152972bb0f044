"""An explanation as a picture: the subgraph between a user and an item."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from textwrap import fill

from graphrec.errors import InputError
from graphrec.recommend.explain import Explanation

COLOURS = {"user": "#4c78a8", "item": "#f2cf5b", "people": "#b8b0ac", "tag": "#83bcb6"}


def plot_explanation(explanation: Explanation, path: Path) -> None:
    """Draw the paths of the reasons into a file (.png, .svg or .pdf). People are one node with their number."""
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InputError(f"expected a file name that ends in .png, .svg or .pdf for the plot, found {path.name!r}")
    import networkx as nx
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = subgraph(explanation)
    places = _places(drawn.nodes(data="layer"))
    figure = Figure(figsize=(10, 1.5 + 1.1 * max(len(explanation.reasons), 2)))
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    labels = {node: fill(label, 18) for node, label in drawn.nodes(data="label")}
    colours = [COLOURS[kind] for _, kind in drawn.nodes(data="kind")]
    nx.draw_networkx(
        drawn, places, ax=axes, labels=labels, node_color=colours, node_size=2400, font_size=8, edge_color="#999999"
    )
    axes.set_title(f"{explanation.title} for user {explanation.user_id} ({explanation.model})")
    axes.margins(0.15)
    axes.set_axis_off()
    figure.savefig(path, bbox_inches="tight")


def _places(nodes: Iterable[tuple[object, int]]) -> dict[object, tuple[float, float]]:
    """Where each (node, layer) stands: the nodes of a layer in the order of the reasons, about the middle."""
    layers: dict[int, list[object]] = {}
    for node, layer in nodes:
        layers.setdefault(layer, []).append(node)
    return {
        node: (layer, (len(column) - 1) / 2 - place)
        for layer, column in layers.items()
        for place, node in enumerate(column)
    }


def subgraph(explanation: Explanation):  # type: ignore[no-untyped-def]
    """The paths as a networkx DiGraph: nodes have kind, label and layer; the people of each path are a node apart."""
    import networkx as nx

    drawn = nx.DiGraph()
    length = max((len(reason.path) for reason in explanation.reasons), default=2)
    ends = (("user", f"user {explanation.user_id}"), ("item", explanation.title))
    for number, reason in enumerate(explanation.reasons):
        nodes = []
        for layer, (kind, label) in enumerate(reason.path):
            last = layer == len(reason.path) - 1
            node = (kind, label, number if kind == "people" else -1)
            drawn.add_node(node, kind=kind, label=label, layer=length - 1 if last else layer)
            nodes.append(node)
        drawn.add_edges_from(pairwise(nodes))
    if not explanation.reasons:
        drawn.add_nodes_from((((*e, -1), {"kind": e[0], "label": e[1], "layer": n}) for n, e in enumerate(ends)))
    return drawn
