"""Options of the form NAME=VALUE."""

from __future__ import annotations

from collections.abc import Sequence

from graphrec.errors import InputError


def read_pairs(texts: Sequence[str], example: str) -> dict[str, str]:
    """The values by name. `example` is the option with a good value, such as `--set temperature=0.1`."""
    pairs = [text.partition("=") for text in texts]
    for text, (name, equals, _) in zip(texts, pairs, strict=True):
        if not name or not equals:
            raise InputError(f"expected {example.split(maxsplit=1)[0]} NAME=…, like {example}, found {text!r}")
    return {name: value for name, _, value in pairs}
