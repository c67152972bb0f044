"""The libraries that fit factors; both are asked for with `graphrec[factors]`."""

from __future__ import annotations

import importlib
from typing import Any

from graphrec.errors import InputError


def library(module: str, package: str, model: str) -> Any:
    """A module of a library. InputError that says how to install it where it isn't there."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        raise InputError(f"{model} is fitted by {package}; install it with `pip install 'graphrec[factors]'`") from None
