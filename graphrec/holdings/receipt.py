"""Receipts of what was forgotten: when, where, how much, and of whom as a keyed hash, never as an id.

HOME/privacy/receipt.key    32 random bytes, without which no hash can be turned back to an id, not even by trying ids
HOME/privacy/receipts/      the receipts
HOME/privacy/begun/         what was found by a command that hasn't ended yet
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from graphrec.errors import InputError
from graphrec.server.home import write_file

FOLDER = "privacy"

Counts = Mapping[str, Mapping[str, int]]
"""How much of what, by place."""


@dataclass(frozen=True)
class Receipt:
    """`person`: the keyed hash of the id, None where only files were scrubbed. `places`: what was held and is gone.
    `not_reached`: where something may still be, in words."""

    what: str
    person: str | None
    began_at: str
    ended_at: str
    graph_id: str
    places: Counts = field(default_factory=dict)
    not_reached: Sequence[str] = ()

    def write(self, home: Path) -> Path:
        """Keep it in the home; where it lies."""
        folder = home / FOLDER / "receipts"
        folder.mkdir(parents=True, exist_ok=True)
        stamp = self.ended_at.replace(":", "").replace("-", "").replace("+0000", "Z")
        path = folder / f"{stamp}-{self.what}-{secrets.token_hex(4)}.json"
        write_file(path, json.dumps(asdict(self), indent=2, sort_keys=True) + "\n", mode=0o600)
        return path


@dataclass(frozen=True)
class Begun:
    """What a command found before it took anything away, kept until its receipt is written, so that one that goes on
    after a kill tells all of it."""

    path: Path
    began_at: str
    places: Counts

    @classmethod
    def open(cls, home: Path, person: str, found: Counts) -> Begun:
        """What is there now, and what an earlier command found that was cut off."""
        path = home / FOLDER / "begun" / f"{person}.json"
        began_at, places = now(), found
        if path.is_file():
            before = json.loads(path.read_text(encoding="utf-8"))
            began_at, places = before["began_at"], _most(before["places"], found)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, json.dumps({"began_at": began_at, "places": places}), mode=0o600)
        return cls(path, began_at, places)

    def end(self) -> None:
        """The receipt is written."""
        self.path.unlink(missing_ok=True)


def hash_of(home: Path, user_id: str) -> str:
    """The keyed hash (HMAC-SHA-256) of an id, by the home's own key, made when it is first needed."""
    return hmac.new(_key(home), user_id.encode(), "sha256").hexdigest()


def now() -> str:
    """The time as receipts have it: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _key(home: Path) -> bytes:
    path = home / FOLDER / "receipt.key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    try:
        return bytes.fromhex(path.read_text(encoding="ascii"))
    except ValueError as error:
        raise InputError(f"expected 64 hexadecimal digits in {path}, found something else; put the key back") from error


def _most(before: Counts, found: Counts) -> Counts:
    """The larger count of each: what an earlier command took away isn't found again."""
    names = [*before, *(name for name in found if name not in before)]
    return {name: _larger(before.get(name, {}), found.get(name, {})) for name in names}


def _larger(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    return {what: max(one.get(what, 0), other.get(what, 0)) for what in sorted({*one, *other})}
