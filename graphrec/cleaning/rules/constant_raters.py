"""All that was done by people who give everything the same rating."""

from __future__ import annotations

from graphrec.audit.raters import constant_raters
from graphrec.cleaning.rules.found import putting_aside

RULE = putting_aside("constant_raters", constant_raters)
