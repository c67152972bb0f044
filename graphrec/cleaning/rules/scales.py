"""Ratings off their scale, and those that are no numbers."""

from __future__ import annotations

from graphrec.audit.scales import scales
from graphrec.cleaning.rules.found import putting_aside

RULE = putting_aside("scales", scales)
