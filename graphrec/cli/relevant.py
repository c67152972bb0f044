"""The option that says what counts as liked, which whatever splits data has."""

from __future__ import annotations

from typing import Annotated

import typer

from graphrec.errors import InputError

RelevantOption = Annotated[
    str, typer.Option("--relevant", help="What counts as liked: `any`, or the least rating, such as 4.")
]


def least(relevant: str) -> float | None:
    """The least rating that counts, None for any."""
    if relevant == "any":
        return None
    try:
        return float(relevant)
    except ValueError:
        raise InputError(f"expected --relevant any or a rating such as 4, found {relevant!r}") from None
