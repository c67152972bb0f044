"""A seeded hash of user and item: the order that breaks ties, the same on every platform and in every run."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
import numpy.typing as npt


def hash_ids(ids: Iterable[str]) -> npt.NDArray[np.uint64]:
    """64 bits an id: the first eight bytes of BLAKE2b over its UTF-8, little end first."""
    digests = b"".join(blake2b(text.encode(), digest_size=8).digest() for text in ids)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def hash_pairs(
    user_hashes: npt.NDArray[np.uint64], item_hashes: npt.NDArray[np.uint64], seed: int
) -> npt.NDArray[np.uint64]:
    """64 bits a pair of user and item; another seed gives another, unrelated order."""
    start = np.uint64(int.from_bytes(blake2b(str(seed).encode(), digest_size=8).digest(), "little"))
    return _mix(_mix(user_hashes ^ start) ^ item_hashes)


def _mix(value: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014): every input bit moves every output bit."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
