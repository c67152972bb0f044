"""Texts that differ in how they are written and not in what they say: case, accents, articles, typing mistakes.

Candidates share what is left after one deletion, as in SymSpell (Garbe 2012), or a rare word; rapidfuzz counts the
letters to change. Numbers, years and known words in which they differ keep texts apart: `Rocky II` isn't
`Rocky III`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise

from rapidfuzz.distance import OSA

_YEAR = re.compile(r"\s*\((\d{4})(?:[-–]\d{0,4})?\)\s*$")
_ARTICLE = re.compile(r"^(.*), (the|a|an|le|la|les|l'|el|los|las|il|lo|der|die|das|den|det)\b(.*)$", re.IGNORECASE)
_LEADING = ("the", "a", "an")
_ROMAN = re.compile(r"[ivx]+")
SHORTEST = 6
"""Below so many letters another letter makes another word; turned ones don't."""
LONG = 10
"""From so many letters on two mistakes are one text still."""
SLIPS = 10
"""A slip is as frequent as its text is used: of two short names one must be in so many times less use."""
RARE = 25
"""A word in no more texts than these makes candidates of them."""
CROWD = 60
"""More texts than these under one key are no candidates: the key says nothing."""


@dataclass(frozen=True)
class Wording:
    """A text and what tells it apart: `year` where known, and how often it is used."""

    key: str
    text: str
    year: str | None
    uses: int

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words in one notation, without articles in front."""
        return _words(self.text)

    @cached_property
    def plain(self) -> str:
        """The words without blanks."""
        return "".join(self.words)

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """Digits and Roman numerals, which no mistake may change."""
        found = [part for word in self.words for part in re.findall(r"\d+", word)]
        return tuple(found + [word for word in self.words[1:] if _ROMAN.fullmatch(word)])


@dataclass(frozen=True)
class Near:
    """Two texts that are taken for one; `left` is the one in more use."""

    left: Wording
    right: Wording
    score: float
    reason: str


def wording(key: str, text: str, year: str | None, uses: int) -> Wording:
    """The wording of a text; a year at its end counts where none is given."""
    found = _YEAR.search(text)
    return Wording(key, _YEAR.sub("", text), year or (found[1] if found else None), uses)


def near(texts: Sequence[Wording], least: float, *, names: bool = False) -> list[Near]:
    """Pairs of texts that are nearly the same, with a similarity of `least` (0 to 100) at least, by their keys.

    `names`: what is short and differs in a letter may be two names, unless one of them is in much less use.
    """
    known = Counter(word for one in texts for word in set(one.words))
    found: dict[tuple[str, str], Near] = {}
    for one, other in _candidates(texts, known):
        left, right = sorted((one, other), key=lambda text: (-text.uses, text.key))
        if (left.key, right.key) not in found and (judged := _judge(left, right, known, least)):
            if names and _are_names(judged):
                continue
            found[left.key, right.key] = judged
    return [found[key] for key in sorted(found)]


def _judge(left: Wording, right: Wording, known: Mapping[str, int], least: float) -> Near | None:
    if not left.plain or left.numbers != right.numbers or (left.year and right.year and left.year != right.year):
        return None
    if left.plain == right.plain:
        same = left.text == right.text
        return Near(left, right, 100.0, "the same text" if same else "differs in case, accents, articles or signs")
    if sorted(left.words) == sorted(right.words):
        return Near(left, right, 99.0, "the same words in another order")
    sure = bool(left.year and left.year == right.year)
    short = min(len(left.plain), len(right.plain))
    edits = OSA.distance(left.plain, right.plain, score_cutoff=2)
    score = 100.0 * OSA.normalized_similarity(left.plain, right.plain)
    if edits > (2 if short >= LONG else 1) or score < least or (short < SHORTEST and not _turned(left, right)):
        return None
    if _other_words(left, right, known) and not (sure and edits == 1 and short >= LONG):
        return None
    return Near(left, right, score, f"differs in {edits} letter{'s' if edits > 1 else ''}")


def _are_names(found: Near) -> bool:
    """Whether two short texts of no known year are rather two names than one in two spellings."""
    left, right = found.left, found.right
    short = min(len(left.plain), len(right.plain)) < LONG and left.plain != right.plain
    return short and not (left.year and left.year == right.year) and left.uses < SLIPS * right.uses


def _turned(left: Wording, right: Wording) -> bool:
    """Whether two letters stand the other way round: what fingers do, and words hardly."""
    return sorted(left.plain) == sorted(right.plain)


def _other_words(left: Wording, right: Wording, known: Mapping[str, int]) -> bool:
    """Whether the texts differ in words that are both in use elsewhere, or in single letters, which are labels."""
    ours, theirs = Counter(left.words), Counter(right.words)
    mine, yours = list((ours - theirs).elements()), list((theirs - ours).elements())
    if len(mine) != len(yours):
        return not ("".join(mine) and "".join(yours)) or abs(len(mine) - len(yours)) > 1
    pairs = zip(sorted(mine), sorted(yours), strict=True)
    return any(min(len(a), len(b)) < 2 or (known[a] > 1 and known[b] > 1) for a, b in pairs)


def _candidates(texts: Sequence[Wording], known: Mapping[str, int]) -> Iterator[tuple[Wording, Wording]]:
    """Pairs under one key: the same text or words, what one deletion leaves, or a rare word."""
    for keys in (_same, _deleted):
        yield from _pairs(texts, keys)
    yield from _pairs(texts, lambda one: {word for word in one.words if 1 < known[word] <= RARE and len(word) > 3})


def _pairs(texts: Sequence[Wording], keys: object) -> Iterator[tuple[Wording, Wording]]:
    assert callable(keys)
    hashed: list[tuple[int, int]] = sorted((hash(key), n) for n, one in enumerate(texts) for key in keys(one))
    groups: dict[int, list[int]] = defaultdict(list)
    for (key, n), (after, m) in pairwise(hashed):
        if key == after:
            groups[key] = groups[key] or [n]
            groups[key].append(m)
    for group in groups.values():
        if len(group) <= CROWD:
            yield from ((texts[a], texts[b]) for a, b in combinations(group, 2) if a != b)


def _same(one: Wording) -> set[str]:
    return {one.plain, " ".join(sorted(one.words))} if one.plain else set()


def _deleted(one: Wording) -> set[str]:
    text = one.plain
    return {text, *(text[:n] + text[n + 1 :] for n in range(len(text)))} if len(text) >= SHORTEST - 2 else set()


def _words(text: str) -> tuple[str, ...]:
    moved = _ARTICLE.sub(r"\2 \1\3", text)
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", moved) if not unicodedata.combining(sign))
    words = re.sub(r"[^\w\s]|_", " ", re.sub(r"['’`]", "", plain.casefold().replace("&", " and "))).split()
    while len(words) > 1 and words[0] in _LEADING:
        words = words[1:]
    return tuple(words)
