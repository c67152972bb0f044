"""What the settings of every model have in common: defaults, checks, and where better ones may lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, Self

from graphrec.errors import InputError


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; with `log`, factors count instead of differences."""

    low: float
    high: float
    log: bool = False

    def __str__(self) -> str:
        return f"{self.low:g}:{self.high:g}{':log' if self.log else ''}"


Choice = tuple[Any, ...]
"""Values of which one is taken."""

Space = Mapping[str, Range | Choice]
"""Settings by name, and where each is searched. Whole numbers where the setting is one."""


@dataclass(frozen=True)
class Settings:
    """Frozen, with a default for everything; a subclass adds the fields and checks them when it is made.

    `space`: where `graphrec tune` searches, the defaults inside it.
    """

    space: ClassVar[Space] = {}

    def changed(self, values: Mapping[str, Any]) -> Self:
        """These settings with some values replaced; texts are read as the setting's type."""
        kinds = self.kinds()
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            there = f"there are {', '.join(kinds)}" if kinds else "there is nothing to set"
            raise InputError(f"no setting {', '.join(unknown)}; {there}")
        return replace(self, **{name: _read(name, value, kinds[name]) for name, value in values.items()})

    def kinds(self) -> dict[str, type]:
        """The type of each setting."""
        return {f.name: type(getattr(self, f.name)) for f in fields(self)}

    def as_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return asdict(self)

    def at_least(self, name: str, least: float) -> None:
        """InputError where a setting is smaller."""
        if getattr(self, name) < least:
            raise InputError(f"expected {name} of at least {least}, found {getattr(self, name)}")


def _read(name: str, value: Any, kind: type) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise InputError(f"expected {name} as {kind.__name__}, found {value!r}") from None
