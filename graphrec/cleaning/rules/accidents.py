"""What was left at once, or undone at once."""

from __future__ import annotations

from graphrec.audit.accidents import accidents
from graphrec.cleaning.rules.found import putting_aside

RULE = putting_aside("accidents", accidents)
