"""An end to trainings that have none of their own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch.optim.optimizer import register_optimizer_step_post_hook


@contextmanager
def stopped_at(until: float) -> Iterator[None]:
    """TimeoutError after the first step that any of PyTorch's optimisers makes after then (`time.perf_counter`)."""

    def look(*_: Any) -> None:
        if time.perf_counter() > until:
            raise TimeoutError

    hook = register_optimizer_step_post_hook(look)
    try:
        yield
    finally:
        hook.remove()
