"""Keys at rest and at the door."""

from __future__ import annotations

import hashlib
import hmac
import stat
from pathlib import Path

import pytest

from graphrec.errors import InputError
from graphrec.service import keys
from graphrec.service.guard import role_of


def test_only_the_hash_of_a_key_is_kept_and_for_its_owner_alone(tmp_path: Path) -> None:
    secret = keys.add_key(tmp_path, "shop", ["read"])
    file = tmp_path / keys.FILE
    for _ in range(2):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert secret not in file.read_text()
        keys.add_key(tmp_path, f"other {_}", ["events"])
    assert [path.name for path in tmp_path.iterdir()] == [keys.FILE], "nothing is left beside it"
    known = keys.read_keys(tmp_path)
    assert known[0].sha256 == hashlib.sha256(secret.encode()).hexdigest()
    assert len(secret) >= 43, "256 bits"
    assert keys.key_of(known, secret) == known[0]


def test_every_key_is_compared_in_constant_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = [keys.add_key(tmp_path, name, ["read"]) for name in ("a", "b", "c")]
    known = keys.read_keys(tmp_path)
    compared: list[str] = []
    real = hmac.compare_digest
    monkeypatch.setattr(keys.hmac, "compare_digest", lambda one, other: compared.append(one) or real(one, other))
    for secret in (*secrets, "wrong", "", "é", secrets[0][:-1]):
        compared.clear()
        found = keys.key_of(known, secret)
        assert (found is not None) == (secret in secrets)
        assert compared == [key.sha256 for key in known]


def test_a_key_opens_what_its_role_says() -> None:
    key = keys.Key("one", ("read",), "")
    assert (key.may("read"), key.may("events"), key.may("admin")) == (True, False, False)
    assert all(keys.Key("one", ("admin",), "").may(role) for role in keys.ROLES)
    assert role_of("GET", "/v1/popular") == role_of("POST", "/v1/recommendations") == "read"
    assert role_of("POST", "/v1/events") == "events"
    assert role_of("DELETE", "/v1/whatever comes") == "admin"


def test_a_broken_file_of_keys_opens_nothing(tmp_path: Path) -> None:
    for text in ("", "{", '{"a": 1}', '[{"name": "x"}]', "[1]"):
        (tmp_path / keys.FILE).write_text(text)
        with pytest.raises(InputError, match="expected keys in"):
            keys.read_keys(tmp_path)
    with pytest.raises(InputError, match="expected roles"):
        keys.add_key(tmp_path / "new", "x", ["root"])
