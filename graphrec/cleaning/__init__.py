"""Cleaning: what is wrong with an input put aside or mended, by rules that can be read and repeated.

`clean` applies the rules of `RULES`, each a file under `rules/`, to the raw rows that an audit reads. What is wrong is
told by the detectors of the audit; a rule says what is done about it.
"""

from graphrec.cleaning.config import DEFAULT_FILE, Rules, read_rules
from graphrec.cleaning.rules import RULES
from graphrec.cleaning.run import CleanReport, RuleReport, clean

__all__ = ["DEFAULT_FILE", "RULES", "CleanReport", "RuleReport", "Rules", "clean", "read_rules"]
