"""Noise that is calibrated to what one person can change, from OpenDP: it draws securely, and can't be seeded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InputError

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Noise:
    """`add` gives counts with noise of the standard deviation `deviation`. It costs each person `epsilon`, and `delta`:
    the loss that OpenDP proves for the bound on what one person adds, never more than was asked for."""

    add: Callable[[Ints], Ints]
    deviation: float
    epsilon: float
    delta: float


def check_library() -> None:
    """InputError where OpenDP isn't installed."""
    _library()


def laplace(l1: int, epsilon: float) -> Noise:
    """Discrete Laplace noise for counts of which one person changes at most `l1` in sum: pure epsilon.

    Ghosh, Roughgarden, Sundararajan, "Universally utility-maximizing privacy mechanisms" (STOC 2009).
    """
    dp = _library()
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    scale = dp.binary_search_param(lambda each: dp.m.make_laplace(*space, scale=each), d_in=l1, d_out=epsilon)
    made = dp.m.make_laplace(*space, scale=scale)
    return Noise(_adding(made), float(np.sqrt(2) * scale), float(made.map(l1)), 0.0)


def gaussian(l2: float, epsilon: float, delta: float) -> Noise:
    """Discrete Gaussian noise for counts of which one person changes at most `l2` in Euclidean length.

    Canonne, Kamath, Steinke, "The discrete Gaussian for differential privacy" (NeurIPS 2020); zero-concentrated, and
    turned into epsilon at `delta`.
    """
    dp = _library()
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T=float)

    def with_delta(scale: float) -> Any:
        return dp.c.make_fix_delta(dp.c.make_zCDP_to_approxDP(dp.m.make_gaussian(*space, scale=scale)), delta)

    scale = dp.binary_search_param(with_delta, d_in=l2, d_out=(epsilon, delta), T=float)
    made = with_delta(scale)
    spent = made.map(l2)
    return Noise(_adding(made), float(scale), float(spent[0]), float(spent[1]))


def _adding(made: Any) -> Callable[[Ints], Ints]:
    def add(counts: Ints) -> Ints:
        return np.array(made(counts.tolist()), dtype=np.int64) if len(counts) else counts.astype(np.int64)

    return add


def _library() -> Any:
    try:
        import opendp.prelude as dp
    except ModuleNotFoundError:
        raise InputError(
            "publishing with noise needs OpenDP; install it with `pip install 'graphrec[privacy]'`"
        ) from None
    dp.enable_features("contrib")
    return dp
