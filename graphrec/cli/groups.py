"""The option that names groups of users and items, held to what the policy of the home allows."""

from __future__ import annotations

from pathlib import Path

from graphrec.errors import InputError


def allowed_groups(names: str, home: Path | None) -> list[str]:
    """What to group by. InputError for a sensitive property of users that HOME/privacy.toml doesn't allow."""
    from graphrec.privacy.policy import FILE, read_policy
    from graphrec.server.home import Home

    root = Home.at(home).root
    policy = read_policy(root)
    found = [name for name in names.split(",") if name]
    for name in found:
        if not policy.may_use("users", name):
            raise InputError(
                f"users.{name} is sensitive, and nothing may use it; "
                f'write allow = ["users.{name}"] under [columns] in {root / FILE} to group by it'
            )
    if not found:
        raise InputError("expected at least one group, such as activity, found none")
    return found
