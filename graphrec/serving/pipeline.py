"""How lists are made, as a TOML file declares it: candidates, filters, score, rerank, explain.

What a file leaves out is as in the default, `pipeline.toml` beside this file, which says what each key means. Files are
read strictly: a table, key or value that isn't known is an error that names it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from graphrec.errors import InputError, PipelineError
from graphrec.serving.catalogue import Catalogue
from graphrec.serving.wish import MOST_CONDITIONS, Conditions, Rule, holds, parsed, readable, rule_of, strength

DEFAULT_FILE = Path(__file__).with_name("pipeline.toml")

Name = Literal["blend", "fold_in", "similar", "stated", "tags", "follows", "trending", "popular"]
"""A source of candidates; serving/sources.py has one function for each."""


def _once(names: tuple[Name, ...]) -> tuple[Name, ...]:
    if len(set(names)) < len(names):
        raise ValueError(f"expected each source once, found {', '.join(names)}")
    return names


def _readable(read: Callable[[str], object]) -> Callable[[str], str]:
    """A check that lets a text through which can be read."""

    def check(text: str) -> str:
        try:
            read(text)
        except InputError as error:
            raise ValueError(str(error)) from error
        return text

    return check


Sources = Annotated[tuple[Name, ...], Field(strict=False), AfterValidator(_once)]
_Condition = Annotated[str, AfterValidator(_readable(parsed))]
_Rule = Annotated[str, AfterValidator(_readable(lambda text: readable(rule_of(text, 1.0))))]
Several = Annotated[tuple[_Condition, ...], Field(strict=False, max_length=MOST_CONDITIONS)]
Rules = Annotated[tuple[_Rule, ...], Field(strict=False, max_length=MOST_CONDITIONS)]
Share = Annotated[float, Field(ge=0, le=1)]


class Stage(BaseModel):
    """A table of the file: all of its keys, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Candidates(Stage):
    """Which sources are asked, by what is known of a user."""

    known: Sources
    few: Sources
    new: Sources
    anyone: Annotated[Sources, Field(min_length=1)]
    depth: int = Field(ge=1, le=10_000)
    half_life_days: float = Field(gt=0, le=10_000)

    def chain(self, rule: str) -> tuple[str, ...]:
        """The sources of a rule and of those after it, which fill up what it leaves."""
        rules = ("known", "few", "new", "anyone")
        return tuple(dict.fromkeys(name for each in rules[rules.index(rule) :] for name in getattr(self, each)))


class Filters(Stage):
    """What may come into any list."""

    seen: bool
    every: Several
    some: Several
    never: Several


class Score(Stage):
    """What moves any item up or down."""

    boost: Rules
    bury: Rules
    taste: Share


class Rerank(Stage):
    """The order of what was scored, where nobody asks for another one."""

    diversity: Share
    calibration: Share
    rare: Share
    new: Share
    explore: Share


class Explain(Stage):
    """What an answer tells beside its items."""

    parts: bool


class Pipeline(Stage):
    """The stages, in their order."""

    candidates: Candidates
    filters: Filters
    score: Score
    rerank: Rerank
    explain: Explain
    _file: Path = PrivateAttr(default=DEFAULT_FILE)

    def __hash__(self) -> int:
        """Worked out once, because what is made from a query and a pipeline is looked up by both at each request."""
        return self._hashed

    @cached_property
    def _hashed(self) -> int:
        return hash((self.candidates, self.filters, self.score, self.rerank, self.explain))

    @property
    def file(self) -> Path:
        """Where it was declared."""
        return self._file

    @cached_property
    def house(self) -> Conditions | None:
        """The conditions of every list, None for none."""
        found = Conditions(self.filters.every, self.filters.some, self.filters.never)
        return None if found == Conditions() else found

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of every list."""
        boosts = [rule_of(text, 1.0) for text in self.score.boost]
        return (*boosts, *(rule_of(text, -1.0) for text in self.score.bury))

    def check(self, catalogue: Catalogue) -> None:
        """PipelineError where a condition names a tag or a property that no item has, or compares what can't be."""
        conditions = {f"filters.{name}": getattr(self.filters, name) for name in ("every", "some", "never")}
        conditions |= {
            f"score.{name}": [rule_of(text, 1.0).condition for text in getattr(self.score, name)]
            for name in ("boost", "bury")
        }
        for key, texts in conditions.items():
            for text in texts:
                try:
                    (strength if key.startswith("score") else holds)(text, catalogue)
                except InputError as error:
                    raise PipelineError(f"{self.file.name}: {key}: expected what items have: {error}") from error

    @classmethod
    def of(cls, tables: Mapping[str, Any], file: Path) -> Self:
        """From tables, those of the default where keys are missing. PipelineError for what breaks the schema."""
        whole = {**_tables(DEFAULT_FILE)}
        for name, table in tables.items():
            known = whole.get(name)
            whole[name] = {**known, **table} if isinstance(known, dict) and isinstance(table, dict) else table
        try:
            found = cls.model_validate(whole)
        except ValidationError as error:
            raise PipelineError(f"{file}: {'; '.join(_wrong(each) for each in error.errors()[:5])}") from error
        found._file = file
        return found


def read_pipeline(file: Path) -> Pipeline:
    """The pipeline that a file declares. PipelineError names the file, the key, what was wanted and what was found."""
    return Pipeline.of(_tables(file), file)


@cache
def default_pipeline() -> Pipeline:
    """The pipeline of a service that is told no other."""
    return read_pipeline(DEFAULT_FILE)


def _tables(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PipelineError(f"expected a pipeline as TOML in {file}, but it can't be read: {error}") from error


def _wrong(error: Mapping[str, Any]) -> str:
    """One thing that breaks the schema: where, what was wanted, what was found."""
    where = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"{where}: expected one of {', '.join(_keys(error['loc'][:-1]))}, found {error['loc'][-1]!r}"
    if error["type"] == "model_type":
        return f"{where}: expected a table [{where}], found {error['input']!r}"
    told = error["msg"].removeprefix("Value error, ").replace("Input should", "expected to")
    return f"{where}: {told}" if ", found " in told else f"{where}: {told}, found {repr(error['input'])[:80]}"


def _keys(place: tuple[str | int, ...]) -> list[str]:
    """What a table may hold, or the file where there's no table."""
    stage: Any = Pipeline.model_fields[str(place[0])].annotation if place else Pipeline
    return list(stage.model_fields)
