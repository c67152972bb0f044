"""Pseudonyms: keyed hashes that stand for the ids of users, the same for the same id, and turned back by nobody.

Who holds the key can tell whether an id belongs to a pseudonym, by making it again; who doesn't can neither do that nor
try all ids. A pseudonym carries a check under the same key, so that one that comes in again is known and kept as it is:
what was loaded, logged or shown may be asked for by it, and nothing is ever hashed twice.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from graphrec.errors import InputError

FILE = "pseudonyms.key"
KEY_VARIABLE, FILE_VARIABLE = "GRAPHREC_PSEUDONYM_KEY", "GRAPHREC_PSEUDONYM_KEY_FILE"
LEAST_KEY = 32
"""Characters of a key, so that it can't be guessed."""

BEGINS = "p-"
_NAME_BYTES, _CHECK_BYTES = 15, 5
"""120 bits of name: two of a billion people share one with a probability below 10^-18. 40 bits of check."""
_NAME = 24
_LENGTH = len(BEGINS) + 32


@dataclass(frozen=True)
class Pseudonyms:
    """HMAC-SHA256 under a key."""

    key: bytes = field(repr=False)

    def of(self, user_id: str) -> str:
        """The pseudonym of an id in normal form; a pseudonym under this key is its own."""
        if self.is_one(user_id):
            return user_id
        name = _letters(self._mac(b"id", user_id), _NAME_BYTES)
        return BEGINS + name + self._check(name)

    def of_all(self, user_ids: Iterable[str]) -> list[str]:
        """The pseudonyms of ids."""
        return [self.of(user_id) for user_id in user_ids]

    def is_one(self, text: str) -> bool:
        """Whether a text was made by `of` under this key."""
        if len(text) != _LENGTH or not text.startswith(BEGINS):
            return False
        name, check = text[len(BEGINS) :][:_NAME], text[len(BEGINS) + _NAME :]
        return hmac.compare_digest(check.encode(), self._check(name).encode())

    @property
    def fingerprint(self) -> str:
        """What tells this key from others and says nothing of it."""
        return self._mac(b"fingerprint", "").hex()[:16]

    def _check(self, name: str) -> str:
        return _letters(self._mac(b"check", name), _CHECK_BYTES)

    def _mac(self, purpose: bytes, text: str) -> bytes:
        return hmac.digest(self.key, purpose + b"\0" + text.encode(), "sha256")


def read_key(home: Path) -> bytes:
    """The key: that of the environment, of the file it names, or of HOME/pseudonyms.key.

    InputError where there is none, or where others than its owner may read the file.
    """
    given = os.environ.get(KEY_VARIABLE)
    if given is not None:
        return _checked(given, f"the variable {KEY_VARIABLE}")
    path = key_file(home)
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(
            f"expected the key of pseudonyms in {path} or in {KEY_VARIABLE}, found none that can be read ({error}); "
            "`graphrec load` makes one in a home that has no data yet"
        ) from error
    if os.name == "posix" and mode & 0o077:
        raise InputError(
            f"expected {path} to be readable for its owner alone, found mode {mode & 0o777:o}; chmod 600 it"
        )
    return _checked(text, str(path))


def make_key(home: Path) -> Path:
    """Where the key lies that was made, with mode 0600; nothing is made where there is one."""
    path = key_file(home)
    if os.environ.get(KEY_VARIABLE) is None and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(secrets.token_hex(32) + "\n")
    return path


def key_file(home: Path) -> Path:
    """Where the key lies, unless the environment holds it."""
    named = os.environ.get(FILE_VARIABLE)
    return Path(named) if named else home / FILE


def _checked(text: str, place: str) -> bytes:
    key = text.strip()
    if len(key) < LEAST_KEY:
        raise InputError(f"expected a key of {LEAST_KEY} characters or more in {place}, found {len(key)}")
    return key.encode()


def _letters(mac: bytes, n_bytes: int) -> str:
    return base64.b32encode(mac[:n_bytes]).decode().lower()
