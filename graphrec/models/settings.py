"""What the settings of every model have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from graphrec.errors import InputError


@dataclass(frozen=True)
class Settings:
    """Frozen, with a default for everything; a subclass adds the fields and checks them when it is made."""

    def changed(self, values: Mapping[str, Any]) -> Self:
        """These settings with some values replaced; texts are read as the setting's type."""
        kinds = {f.name: type(getattr(self, f.name)) for f in fields(self)}
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            raise InputError(f"no setting {', '.join(unknown)}; there are {', '.join(kinds)}")
        return replace(self, **{name: _read(name, value, kinds[name]) for name, value in values.items()})

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
