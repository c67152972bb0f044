"""The entry point: find the verbs, run one, tell errors in a line."""

from __future__ import annotations

import importlib
import pkgutil
import sys

from graphrec.cli import verbs
from graphrec.cli.app import app, err
from graphrec.errors import GraphrecError


def main() -> None:
    """Run the command line. Exit status 1 for an error that graphrec explains, 2 for wrong usage."""
    for module in sorted(pkgutil.iter_modules(verbs.__path__), key=lambda m: m.name):
        importlib.import_module(f"{verbs.__name__}.{module.name}")
    try:
        app()
    except GraphrecError as error:
        err.print(f"error: {error}", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
