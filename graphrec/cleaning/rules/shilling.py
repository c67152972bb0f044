"""All that was done by groups of accounts made up to push or bury an item."""

from __future__ import annotations

from graphrec.audit.shilling import shilling
from graphrec.cleaning.rules.found import putting_aside

RULE = putting_aside("shilling", shilling)
