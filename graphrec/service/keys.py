"""Keys with roles. A key is 256 random bits, so that one hash without salt or stretching can't be turned back."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from graphrec.errors import InputError
from graphrec.server.home import write_file

ROLES = ("read", "events", "admin")
"""`read` asks, `events` tells, `admin` does both and changes users and items."""

FILE = "keys.json"


@dataclass(frozen=True)
class Key:
    """Its name, roles and the hash of its secret, which is shown once and kept nowhere."""

    name: str
    roles: tuple[str, ...]
    sha256: str

    def may(self, role: str) -> bool:
        """Whether it opens a door."""
        return role in self.roles or "admin" in self.roles


def add_key(home: Path, name: str, roles: Sequence[str]) -> str:
    """The secret of a new key. InputError for a name that is taken or a role that isn't one."""
    keys = read_keys(home)
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        raise InputError(f"expected roles of {', '.join(ROLES)}, found {', '.join(unknown) or 'none'}")
    if not name or any(key.name == name for key in keys):
        raise InputError(f"expected a new name for a key, found {name!r}; `graphrec key list` shows those taken")
    secret = secrets.token_urlsafe(32)
    _write(home, [*keys, Key(name, tuple(roles), _hash(secret))])
    return secret


def remove_key(home: Path, name: str) -> None:
    """Take a key back; the service forgets it at its next start."""
    keys = read_keys(home)
    if all(key.name != name for key in keys):
        raise InputError(f"no key {name!r}; there are {', '.join(key.name for key in keys) or 'none'}")
    _write(home, [key for key in keys if key.name != name])


def read_keys(home: Path) -> list[Key]:
    """All keys of a home."""
    path = home / FILE
    if not path.exists():
        return []
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return [Key(key["name"], tuple(key["roles"]), key["sha256"]) for key in found]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"expected keys in {path}, found what can't be read ({error}); make them again") from error


def key_of(keys: Sequence[Key], secret: str) -> Key | None:
    """The key that a secret belongs to. Every key is compared, in constant time, so time says nothing of them."""
    hashed = _hash(secret)
    found = None
    for key in keys:
        if hmac.compare_digest(key.sha256, hashed):
            found = key
    return found


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _write(home: Path, keys: Sequence[Key]) -> None:
    home.mkdir(parents=True, exist_ok=True)
    write_file(home / FILE, json.dumps([asdict(key) for key in keys], indent=2) + "\n", mode=0o600)
