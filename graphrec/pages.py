"""What reports share as HTML pages that need nothing beside them: no scripts, no fonts, no links; curves are SVG."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import Any

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: .5rem 0 1.5rem } td, th { padding: .25rem .8rem; text-align: left;
border-bottom: 1px solid #ddd; vertical-align: top } td.n { text-align: right; font-variant-numeric: tabular-nums }
.error { color: #b3261e } .warning { color: #8a5a00 } .note { color: #555 } .plots { display: flex; flex-wrap: wrap;
gap: 1rem } figure { margin: 0 } figcaption { font-size: .9rem } code { background: #f3f3f3; padding: 0 .2rem }
details { margin: .2rem 0 } svg { max-width: 100%; height: auto }
"""


def whole_page(title: str, body: str) -> str:
    """The page around a body. `title` is plain text, `body` HTML."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>{body}</body></html>\n"
    )


def write_page(path: Path, page: str) -> None:
    """Write a page, in a folder that is made where it isn't there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def html_table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table of plain texts and numbers; all but the first column to the right."""
    names = [*head]
    lines = "".join(f"<th>{escape(name)}</th>" for name in names) if any(names) else ""
    cells = "".join(
        "<tr>"
        + "".join(f"<td{'' if n == 0 else ' class=n'}>{escape(str(value))}</td>" for n, value in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return f"<table>{f'<tr>{lines}</tr>' if lines else ''}{cells}</table>"


def figures(drawn: Iterable[tuple[str, str]]) -> str:
    """Captions and SVGs beside each other."""
    shown = "".join(f"<figure>{svg}<figcaption>{escape(title)}</figcaption></figure>" for title, svg in drawn)
    return f'<div class="plots">{shown}</div>'


def svg(draw: Callable[[Any], None], size: tuple[float, float] = (5, 2.6)) -> str:
    """What `draw` puts on a matplotlib axes, as SVG; the same drawing always gives the same bytes."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": "graphrec", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        draw(axes)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
