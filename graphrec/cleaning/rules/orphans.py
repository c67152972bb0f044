"""Rows without an id, and rows of users and items that the input describes nowhere while it describes the others."""

from __future__ import annotations

from graphrec.audit.orphans import orphans
from graphrec.cleaning.rules.found import putting_aside

RULE = putting_aside("orphans", orphans)
