"""What a home promises about people, as HOME/privacy.toml declares it: pseudonyms, columns, reasons, published counts.

The file is read strictly: a table, key or value that isn't known is an error that names it. Without a file nothing is
pseudonymous, the usual demographic fields are sensitive, and reasons count at least LEAST_PEOPLE people.
"""

from __future__ import annotations

import tomllib
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from graphrec.errors import InputError

FILE = "privacy.toml"

LEAST_PEOPLE = 5
"""People behind a count that a reason names, at least; docs/privacy.md says why so many."""

DEMOGRAPHIC = (
    "age",
    "birth_date",
    "birth_year",
    "birthday",
    "city",
    "country",
    "disability",
    "education",
    "ethnicity",
    "gender",
    "income",
    "language",
    "marital_status",
    "nationality",
    "occupation",
    "postal_code",
    "race",
    "religion",
    "sex",
    "zip",
    "zip_code",
    "zipcode",
)
"""Properties of users that say who somebody is; sensitive without a word."""

TABLES = ("users", "items")


def _column(name: str) -> str:
    table, dot, column = name.partition(".")
    if table not in TABLES or not dot or not column:
        raise ValueError(f"expected a column as users.NAME or items.NAME, found {name!r}")
    return name


Columns = Annotated[frozenset[Annotated[str, AfterValidator(_column)]], Field(strict=False)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class IdRules(_Table):
    """Whether users' ids are kept as keyed hashes."""

    pseudonyms: bool = False


class ColumnRules(_Table):
    """What is known of users and items: `drop`: never taken in; `sensitive`: kept, but used for nothing unless it is
    among `allow`."""

    drop: Columns = frozenset()
    sensitive: Columns = frozenset()
    allow: Columns = frozenset()


class ReasonRules(_Table):
    """How many people a reason needs to count them."""

    least_people: int = Field(default=LEAST_PEOPLE, ge=1)


class PublishRules(_Table):
    """What all that is ever published of this home's data may cost each person together."""

    total_epsilon: float = Field(default=3.0, gt=0)
    total_delta: float = Field(default=1e-5, ge=0, lt=1e-3)


class Policy(_Table):
    """The tables of the file."""

    ids: IdRules = IdRules()
    columns: ColumnRules = ColumnRules()
    reasons: ReasonRules = ReasonRules()
    publish: PublishRules = PublishRules()

    @cached_property
    def _sensitive(self) -> frozenset[str]:
        return self.columns.sensitive | {f"users.{name}" for name in DEMOGRAPHIC}

    def drops(self, table: str, column: str) -> bool:
        """Whether a column of `users` or `items` is never taken in."""
        return f"{table}.{column}" in self.columns.drop

    def may_use(self, table: str, column: str) -> bool:
        """Whether features, filters, models and reasons may use a column. Names of users' columns are compared without
        regard to case, because Age says what age does."""
        name = f"{table}.{column}"
        if self.drops(table, column):
            return False
        return name in self.columns.allow or not {name, name.lower()} & self._sensitive


def read_policy(home: Path) -> Policy:
    """The policy of a home, the default where it has no file. InputError names file, key, what is wanted and found."""
    path = home / FILE
    try:
        stat = path.stat()
    except OSError:
        return _DEFAULT
    return _read(path, stat.st_mtime_ns, stat.st_size)


_DEFAULT = Policy()


@lru_cache(maxsize=16)
def _read(path: Path, changed_at: int, size: int) -> Policy:
    """`changed_at` and `size` tell one content of the file from the next."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return Policy.model_validate(tables)
    except ValidationError as error:
        raise InputError(f"{path}: {'; '.join(_wrong(each) for each in error.errors()[:5])}") from error
    except (OSError, ValueError) as error:
        raise InputError(f"expected a policy as TOML in {path}, but it can't be read: {error}") from error


def _wrong(error: Any) -> str:
    where = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"{where}: expected a key that is known, found {error['loc'][-1]!r}"
    told = error["msg"].removeprefix("Value error, ").replace("Input should", "expected to")
    return f"{where}: {told}" if ", found " in told else f"{where}: {told}, found {repr(error['input'])[:80]}"
