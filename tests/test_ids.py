"""Outside ids: strings that come back as they went in, but for the normal form."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.errors import InputError
from graphrec.ids import MAX_ID_BYTES, bad_ids, clean_id, clean_ids


@pytest.mark.parametrize("text", ["007", " a ", "a\tb", "A,B", 'say "hi"', "🎬🍿", "x" * MAX_ID_BYTES, "١٢", "null"])
def test_an_id_stays_as_it_is(text: str) -> None:
    assert clean_id(text) == text


def test_two_spellings_of_one_letter_are_one_id() -> None:
    assert clean_id("cafe\u0301") == clean_id("café") == "café"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("a\x00b", "NUL"),
        ("\ud800", "Unicode"),
        ("x" * 10_000, "at most 4000 bytes, this one has 10000"),
        ("é" * 2001, "4002"),
    ],
)
def test_a_bad_id_is_refused_in_words(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        clean_id(text)


def test_a_number_is_not_an_id() -> None:
    with pytest.raises(InputError, match="int 7; write it in quotes"):
        clean_id(7)  # type: ignore[arg-type]


@given(st.lists(st.text(max_size=30)))
def test_a_column_is_cleaned_and_judged_as_its_values_are(texts: list[str]) -> None:
    column = clean_ids(pa.array(texts, pa.string()))
    for text, cleaned, bad in zip(texts, column.to_pylist(), bad_ids(column).to_pylist(), strict=True):
        assert cleaned == unicodedata.normalize("NFC", text)
        if bad:
            with pytest.raises(InputError):
                clean_id(text)
        else:
            assert clean_id(text) == cleaned


def test_a_missing_id_is_bad() -> None:
    assert bad_ids(pa.array(["a", None, ""])).to_pylist() == [False, True, True]
