"""A rule: its name, what a file of rules may say of it, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from graphrec.cleaning.desk import Desk, Done


class Switch(BaseModel):
    """A table of the file of rules: all of its keys, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    on: bool


@dataclass(frozen=True)
class Rule:
    """`apply` gets what the file says, which is of the class `said`."""

    name: str
    said: type[Switch]
    apply: Callable[[Desk, Any], Done]
