"""How what is told of people comes into a home: ids by pseudonyms, columns unless the policy drops them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from graphrec.ids import clean_user_id, clean_user_ids
from graphrec.privacy.policy import Policy, read_policy
from graphrec.privacy.pseudonyms import Pseudonyms, make_key, read_key

Value = TypeVar("Value")


@dataclass(frozen=True)
class Entry:
    """The one way in for users' ids and properties; `pseudonyms` None keeps ids as they are."""

    policy: Policy = field(default_factory=Policy)
    pseudonyms: Pseudonyms | None = None

    def user(self, text: str) -> str:
        """A user's id as the graph holds it. InputError as `graphrec.ids.clean_id`."""
        return clean_user_id(text, self.pseudonyms.of if self.pseudonyms else None)

    def users(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """A column of users' ids as the graph holds them."""
        return clean_user_ids(column, self.pseudonyms.of_all if self.pseudonyms else None)

    def properties(self, table: str, properties: Mapping[str, Value]) -> dict[str, Value]:
        """Properties of `users` or `items` without those that the policy drops."""
        return {name: value for name, value in properties.items() if not self.policy.drops(table, name)}

    def change(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """A change of an item or user, with ids and properties as they come in."""
        found = dict(change)
        table = "users" if "user_id" in change else "items"
        if "user_id" in change:
            found["user_id"] = self.user(change["user_id"])
        if "follows" in change:
            found["follows"] = [self.user(user_id) for user_id in change["follows"]]
        if "properties" in change:
            found["properties"] = self.properties(table, change["properties"])
        if "title" in change and self.policy.drops(table, "title"):
            del found["title"]
        return found


def entry_of(home: Path, *, makes_key: bool = False) -> Entry:
    """The entry of a home by its policy. InputError for a policy or key that can't be read.

    `makes_key`: a key that is missing is made.
    """
    policy = read_policy(home)
    if not policy.ids.pseudonyms:
        return Entry(policy)
    if makes_key:
        make_key(home)
    return Entry(policy, Pseudonyms(read_key(home)))
