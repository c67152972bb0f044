"""All that was done by accounts that behave as programs do."""

from __future__ import annotations

from graphrec.audit.bots import bots
from graphrec.cleaning.rules.found import putting_aside

RULE = putting_aside("bots", bots)
