"""What the service is told when it starts. It goes to the workers by the environment; secrets never do."""

from __future__ import annotations

import ipaddress
import json
import os
from dataclasses import asdict, dataclass
from typing import Self

from graphrec.errors import InputError

VARIABLE = "GRAPHREC_SERVICE"


@dataclass(frozen=True)
class ServiceSettings:
    """`open`: without keys, on loopback alone. `max_body`: bytes of one request. `max_waiting`: events that may wait
    for Neo4j. `rate`: requests a second of one key, 0 for no limit. `budget_s`: how long a request may wait for Neo4j
    before it is answered from memory. `pipeline`: the file that declares how lists are made, None for the default.
    `experiments`: the file that declares them, HOME/experiments.toml where None. `keep_days`: how long what was shown
    and done is kept for them."""

    home: str
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    open: bool = False
    max_body: int = 1_000_000
    max_waiting: int = 1_000_000
    rate: float = 0.0
    budget_s: float = 0.25
    cors: tuple[str, ...] = ()
    pipeline: str | None = None
    experiments: str | None = None
    keep_days: float = 180.0

    def __post_init__(self) -> None:
        if self.open and not is_loopback(self.host):
            raise InputError(
                f"--open serves everybody without a key, which is for loopback alone, not for {self.host}; make keys "
                "with `graphrec key add NAME --role read`, or listen on 127.0.0.1"
            )
        if self.workers < 1:
            raise InputError(f"expected at least one worker, found {self.workers}")

    def export(self) -> None:
        """Leave the settings for the workers that start next."""
        os.environ[VARIABLE] = json.dumps(asdict(self))

    @classmethod
    def of_environment(cls) -> Self:
        """What `export` left. InputError where there is nothing."""
        if VARIABLE not in os.environ:
            raise InputError("the service has no settings; start it with `graphrec serve`")
        body = json.loads(os.environ[VARIABLE])
        return cls(**{**body, "cors": tuple(body["cors"])})


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
