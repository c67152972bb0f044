"""Rows that say again what an earlier row of the input says."""

from __future__ import annotations

from graphrec.audit.duplicates import duplicates
from graphrec.cleaning.rules.found import putting_aside

RULE = putting_aside("duplicates", duplicates)
