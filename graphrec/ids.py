"""The one door through which outside ids enter.

An outside id is a string: Unicode in normal form C, never turned into a number, never trimmed or
lower-cased. Two spellings that a reader can't tell apart ('é' as one code point or as two) are one id.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from graphrec.errors import InputError

MAX_ID_BYTES = 4000
"""Neo4j's range index holds keys of about 8 kB; half of that leaves room for composite keys."""


def clean_id(text: str) -> str:
    """The id as the graph holds it. Raises InputError for an empty, overlong or unencodable one."""
    if not isinstance(text, str):
        raise InputError(f"expected an id as a string, found {type(text).__name__} {text!r}; write it in quotes")
    cleaned = unicodedata.normalize("NFC", text)
    problem = id_problem(cleaned)
    if problem:
        raise InputError(f"expected an id, found {text[:40]!r}: {problem}")
    return cleaned


def id_problem(text: str) -> str | None:
    """What is wrong with an id, in words, or None."""
    if not text:
        return "an id can't be empty"
    if "\x00" in text:
        return "an id can't hold the character NUL"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "an id must be valid Unicode"
    if size > MAX_ID_BYTES:
        return f"an id has at most {MAX_ID_BYTES} bytes, this one has {size}"
    return None


def clean_user_id(text: str, pseudonym: Callable[[str], str] | None = None) -> str:
    """The id of a user as the graph holds it, by its pseudonym where people have pseudonyms. As `clean_id`."""
    cleaned = clean_id(text)
    return cleaned if pseudonym is None else pseudonym(cleaned)


def clean_user_ids(
    column: pa.ChunkedArray, pseudonyms: Callable[[list[str]], list[str]] | None = None
) -> pa.ChunkedArray:
    """A column of ids in normal form, by pseudonyms where people have some: worked out once for each different id."""
    if pseudonyms is None:
        return column
    words = column.cast(pa.string()).combine_chunks().dictionary_encode()
    names = pa.array(pseudonyms(words.dictionary.to_pylist()), pa.string())
    found = pa.DictionaryArray.from_arrays(words.indices, names)
    return pa.chunked_array([found if pa.types.is_dictionary(column.type) else found.cast(pa.string())])


def clean_ids(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """A column of ids in normal form C; values that `id_problem` refuses stay and are found by `bad_ids`."""
    if pc.all(pc.string_is_ascii(column)).as_py() is not False:
        return column
    return pc.utf8_normalize(column, "NFC")


def bad_ids(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """A mask of the ids that can't be loaded: missing, empty, overlong, or with a NUL in them."""
    size = pc.binary_length(column)
    wrong = pc.or_(pc.equal(size, 0), pc.greater(size, MAX_ID_BYTES))
    wrong = pc.or_(wrong, pc.match_substring(column, "\x00"))
    return pc.fill_null(wrong, True)
