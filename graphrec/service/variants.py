"""What a variant of an experiment asks of the service: checked at the start, put into a wish when a list is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from graphrec.errors import InputError, ModelError
from graphrec.experiments import Experiment, Variant, read_experiments
from graphrec.experiments.config import FILE
from graphrec.graph import Graph
from graphrec.recommend.registry import NAMES, get
from graphrec.service.bodies import wish_of
from graphrec.service.routes.live import MOST_NAMES
from graphrec.service.schemas import ListQuery
from graphrec.service.settings import ServiceSettings
from graphrec.serving.pipeline import Pipeline, default_pipeline
from graphrec.serving.wish import Wish

SETTINGS = ("diversity", "calibration", "rare", "new", "explore", "boost", "bury", "taste")
"""What a variant may set: how a list is put in order. Filters are the caller's."""

FROM_MEMORY = (("blend",), ("blend", "popular"))
"""The chains that the service answers from memory, as it does without an experiment."""


def trials_file(settings: ServiceSettings) -> Path:
    """Where experiments are declared."""
    return Path(settings.experiments) if settings.experiments else Path(settings.home) / FILE


def read_trials(settings: ServiceSettings) -> tuple[Experiment, ...]:
    """The experiments that are declared, checked; none where there is no file and none was named.

    InputError that names file, key, what is wanted and what was found, for a variant that the service can't answer by.
    """
    path = trials_file(settings)
    if not settings.experiments and not path.exists():
        return ()
    found = read_experiments(path)
    for experiment in found:
        for variant in experiment.variants:
            for problem in _problems(experiment, variant):
                raise InputError(f"{path}: experiment {experiment.name!r}: variant {variant.name!r}: {problem}")
    return found


def check_models(experiments: Sequence[Experiment], graph: Graph, path: Path) -> None:
    """InputError for a variant whose recommender needs a version of a model that isn't live."""
    for experiment in experiments:
        for variant in experiment.variants:
            for name in () if is_from_memory(variant) else variant.recommenders:
                try:
                    get(name, graph)
                except ModelError as error:
                    place = f"{path}: experiment {experiment.name!r}: variant {variant.name!r}: recommender"
                    raise InputError(f"{place}: expected one that can answer, found {name!r}: {error}") from error


def is_from_memory(variant: Variant) -> bool:
    """Whether a variant needs no query over the graph."""
    return variant.recommenders in FROM_MEMORY


def with_settings(wish: Wish, variant: Variant, pipeline: Pipeline) -> Wish:
    """The wish with what the variant sets in place of what the caller said of the same."""
    if not variant.settings:
        return wish
    told = wish_of(ListQuery.model_validate(dict(variant.settings)), pipeline)
    names = {"rules" if name in ("boost", "bury") else name for name in variant.settings}
    return replace(wish, **{name: getattr(told, name) for name in names})


def _problems(experiment: Experiment, variant: Variant) -> Iterator[str]:
    """What is wrong with a variant, the key first."""
    chain, settings = variant.recommenders, variant.settings
    if unknown := [name for name in chain if name not in NAMES]:
        yield f"recommender: expected names of {', '.join(NAMES)}, found {unknown[0]!r}"
    if len(chain) > MOST_NAMES:
        yield f"recommender: expected at most {MOST_NAMES} names, found {len(chain)}"
    if unknown := [name for name in settings if name not in SETTINGS]:
        yield f"settings: expected keys of {', '.join(SETTINGS)}, found {unknown[0]!r}"
    if settings and not is_from_memory(variant):
        yield f"settings: expected with the recommender 'blend', which needs no query, found with {', '.join(chain)}"
    if "explore" in settings and experiment.kind == "interleaving":
        yield "settings.explore: expected in an experiment of the kind 'split' alone, found where two are interleaved"
    yield from _wrong_values(settings)


def _wrong_values(settings: Mapping[str, Any]) -> Iterator[str]:
    try:
        wish_of(ListQuery.model_validate(dict(settings)), default_pipeline())
    except ValidationError as error:
        for each in error.errors():
            place = ".".join(str(part) for part in each["loc"])
            yield f"settings.{place}: {each['msg']}, found {each['input']!r}"
    except InputError as error:
        yield f"settings.boost or bury: {error}"
