"""Which texts are taken for one, and which are kept apart."""

from __future__ import annotations

import pytest

from graphrec.audit.wording import near, wording


def pairs(*texts: str) -> list[tuple[str, str]]:
    known = [wording(text, text, None, len(texts) - n) for n, text in enumerate(texts)]
    return [(one.left.key, one.right.key) for one in near(known, 80.0)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sci-Fi", "sci fi"),
        ("Amélie", "AMELIE"),
        ("Usual Suspects, The (1995)", "The Usual Suspects (1995)"),
        ("Simon & Garfunkel", "Garfunkel and Simon"),
        ("favourite", "favorite"),
        ("theatre", "theater"),
        ("Leonardo DiCaprio", "leonardo DiCarpio"),
        ("pixar", "piaxr"),
        ("Casablanca (1942)", "Casablacna (1942)"),
    ],
)
def test_the_same_said_in_two_ways(one: str, other: str) -> None:
    assert pairs(one, other) == [(one, other)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rocky II", "Rocky III"),
        ("Se7en", "Seven"),
        ("1980s", "1990s"),
        ("King Kong (1933)", "King Kong (1976)"),
        ("heat", "beat"),
        ("Part A", "Part B"),
        ("!!!", "..."),
    ],
)
def test_what_says_something_else(one: str, other: str) -> None:
    assert pairs(one, other) == []


def test_words_in_use_elsewhere_are_no_mistakes() -> None:
    assert pairs("Summer Lovers", "Summer Covers", "Book Covers", "Two Lovers") == []


def test_two_short_names_in_use_are_two_names_and_a_seldom_one_is_a_slip() -> None:
    def found(one: tuple[str, int], other: tuple[str, int], year: str | None = None) -> int:
        known = [wording(text, text, year, uses) for text, uses in (one, other)]
        return len(near(known, 80.0, names=True))

    assert found(("Scarface", 3), ("Skarface", 1)) == 0
    assert found(("Ramones", 104), ("Rabones", 1)) == 1
    assert found(("Ramones", 2), ("Rabones", 0)) == 1, "nobody uses it as a name"
    assert found(("Ramones", 2), ("RAMONES", 2)) == 1, "case makes no other name"
    assert found(("Leonardo DiCaprio", 2), ("Leonardo DiCarpio", 2)) == 1, "long ones are hardly alike by chance"
    assert found(("Scarface", 3), ("Skarface", 1), "1983") == 1, "of one year they are one"
