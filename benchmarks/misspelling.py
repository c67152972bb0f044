"""Titles and tags as people mistype them: another case, other signs, articles moved, slips of the keys."""

from __future__ import annotations

import numpy as np

Rng = np.random.Generator


def misspelt(text: str, rng: Rng) -> str:
    """The text with another case, an article moved, other signs, or one or two slips of the keys."""
    stem, year = (
        (text[: text.rindex(" (")], text[text.rindex(" (") :]) if text.endswith(")") and " (" in text else (text, "")
    )
    for _ in range(20):
        found = _SPELLINGS[rng.choice(len(_SPELLINGS), p=(0.15, 0.1, 0.1, 0.5, 0.15))](stem, rng)
        if found != stem and found.strip():
            return found + year
    return stem.upper() + year if stem.upper() != stem else stem.lower() + year


def _case(text: str, rng: Rng) -> str:
    return (text.upper(), text.lower(), text.title())[rng.integers(3)]


def _signs(text: str, rng: Rng) -> str:
    swaps = (
        (" & ", " and "),
        (" and ", " & "),
        ("'", ""),
        (": ", " - "),
        ("-", " "),
        (".", ""),
        (" ", "  "),
        (",", ""),
    )
    for n in rng.permutation(len(swaps)):
        if swaps[n][0] in text:
            return text.replace(*swaps[n])
    return text


def _article(text: str, rng: Rng) -> str:
    if text.endswith(", The"):
        return "The " + text[:-5]
    return text[4:] + ", The" if text.startswith("The ") else text


def _slip(text: str, rng: Rng) -> str:
    """One letter more, less, other, doubled, or two exchanged; figures are left alone."""
    letters = [n for n, sign in enumerate(text) if sign.isalpha()]
    if len(letters) < 2:
        return text
    n = letters[rng.integers(len(letters) - 1)]
    other = chr(ord("a") + int(rng.integers(26)))
    after = text[n + 1] if text[n + 1 : n + 2].isalpha() else text[n]
    return (
        text[:n] + text[n + 1 :],
        text[:n] + other + text[n + 1 :],
        text[:n] + other + text[n:],
        text[:n] + text[n] + text[n:],
        text[:n] + after + text[n] + text[n + 2 :] if after != text[n] else text,
    )[rng.integers(5)]


def _two_slips(text: str, rng: Rng) -> str:
    return _slip(_slip(text, rng), rng) if len(text) >= 12 else _slip(text, rng)


_SPELLINGS = (_case, _signs, _article, _slip, _two_slips)
