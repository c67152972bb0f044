"""The query files under `cypher/`: one statement a file, whose header is documentation and contract.

`walk/recommend` names `cypher/walk/recommend.cypher`. The header is read from the leading `//` lines
(a default is JSON; a parameter with one may be left out):

    // First line: what the rows are.
    // $name: what the parameter means (default 10)
    // $name: one of count, cosine (default "count")
    // returns: column, column
    // access: read | write | write-implicit
    // scans: Item                      (labels that the plan may scan whole; optional)
    // identifiers: property, index     (names put into `{braces}`, for schema statements only; optional)
    // :param {name: value, …}          (an example to paste into Neo4j Browser)
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from graphrec.errors import QueryError

ACCESS = ("read", "write", "write-implicit")
TABLE_MARKS = ("<!-- queries: written by python -m graphrec.queries -->", "<!-- end of queries -->")
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")

_KEY = re.compile(r"(returns|access|scans|identifiers):\s*(.*)")
_PARAMETER = re.compile(r"\$([a-z][a-z0-9_]*):\s*(.*)")
_DEFAULT = re.compile(r"\(default (.*)\)$")
_CHOICES = re.compile(r"one of ([a-z_]+(?:, [a-z_]+)*)")
_STRINGS_AND_COMMENTS = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Query:
    """One query file: its contract and its text, which never changes between calls."""

    name: str
    summary: str
    description: str
    parameters: Mapping[str, str]
    defaults: Mapping[str, Any]
    choices: Mapping[str, tuple[str, ...]]
    returns: tuple[str, ...]
    access: str
    scans: tuple[str, ...]
    identifiers: tuple[str, ...]
    example: str
    text: str

    def check_parameters(self, given: Iterable[str]) -> None:
        """Raise QueryError unless the declared parameters are given; those with a default may be left out."""
        given = set(given)
        missing = [name for name in self.parameters if name not in given and name not in self.defaults]
        unknown = sorted(given - set(self.parameters))
        if missing or unknown:
            wanted = ", ".join(self.parameters) or "none"
            problems = [
                f"{word} {', '.join(names)}" for word, names in (("missing", missing), ("unknown", unknown)) if names
            ]
            raise QueryError(f"query {self.name} takes the parameters {wanted}; {' and '.join(problems)}")

    def complete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters to send: those given, and the defaults of the others. QueryError if they don't fit."""
        self.check_parameters(given)
        for name, allowed in self.choices.items():
            value = given.get(name, self.defaults.get(name))
            if value not in allowed:
                raise QueryError(
                    f"query {self.name}: expected {name} to be one of {', '.join(allowed)}, found {value!r}"
                )
        return {**self.defaults, **given}

    def statement(self, identifiers: Mapping[str, str]) -> str:
        """The text to send, with the declared identifiers filled in after a strict check."""
        if set(identifiers) != set(self.identifiers):
            raise QueryError(f"query {self.name} takes the identifiers {self.identifiers}, found {tuple(identifiers)}")
        text = self.text
        for name, value in identifiers.items():
            if not IDENTIFIER.fullmatch(value):
                raise QueryError(f"expected an identifier like 'embedding_lightgcn_a' for {name}, found {value!r}")
            text = text.replace("{" + name + "}", value)
        return text


def folder() -> Path:
    """Where the query files lie: inside the installed package, else beside it in a checkout."""
    inside = Path(__file__).parent / "cypher"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "cypher"


@cache
def all_queries() -> Mapping[str, Query]:
    """Every query by name, in the order of names. Read once; QueryError if a file breaks its contract."""
    root = folder()
    paths = sorted(root.rglob("*.cypher"))
    return MappingProxyType({q.name: q for q in (parse(path, root) for path in paths)})


def get(name: str) -> Query:
    """The query of that name."""
    try:
        return all_queries()[name]
    except KeyError:
        raise QueryError(f"no query {name!r}; `graphrec queries` lists the {len(all_queries())} there are") from None


def parse(path: Path, root: Path) -> Query:
    """One file as a Query. QueryError says which line of the contract is missing or wrong."""
    name = path.relative_to(root).with_suffix("").as_posix()
    header, text = _split(path.read_text(encoding="utf-8"))
    keys: dict[str, str] = {}
    parameters: dict[str, str] = {}
    prose: list[str] = []
    example = ""
    for line in header:
        if line.startswith(":param"):
            example = line
        elif found := _KEY.fullmatch(line):
            keys[found[1]] = found[2]
        elif found := _PARAMETER.fullmatch(line):
            parameters[found[1]] = found[2]
        else:
            prose.append(line)
    query = Query(
        name=name,
        summary=prose[0] if prose else "",
        description="\n".join(prose).strip(),
        parameters=MappingProxyType(parameters),
        defaults=MappingProxyType(_defaults(name, parameters)),
        choices=MappingProxyType(_choices(parameters)),
        returns=_names(keys.get("returns", "")),
        access=keys.get("access", ""),
        scans=_names(keys.get("scans", "")),
        identifiers=_names(keys.get("identifiers", "")),
        example=example,
        text=text,
    )
    _check(query)
    return query


def last_columns(text: str) -> tuple[str, ...]:
    """The names that a statement's last RETURN outside every bracket gives, in order."""
    bare = _STRINGS_AND_COMMENTS.sub("''", text)
    outer = [match for match in re.finditer(r"\bRETURN\b", bare) if _depth(bare[: match.start()]) == 0]
    if not outer:
        return ()
    tail = re.split(r"\bORDER\s+BY\b|\bSKIP\b|\bLIMIT\b", bare[outer[-1].end() :])[0]
    parts = _split_at_commas(re.sub(r"^\s*DISTINCT\b", "", tail))
    return tuple(re.split(r"\bAS\b", part)[-1].strip() for part in parts)


def table() -> str:
    """All queries as a Markdown table, as it stands in cypher/README.md."""
    rows = [f"| `{q.name}` | {q.summary} | {q.access} | {', '.join(q.returns)} |" for q in all_queries().values()]
    return "\n".join(["| query | what it gives | access | columns |", "|---|---|---|---|", *rows])


def used_parameters(text: str) -> set[str]:
    """The `$names` that a statement uses, outside strings and comments."""
    return set(re.findall(r"\$([A-Za-z_]\w*)", _STRINGS_AND_COMMENTS.sub(" ", text)))


def _defaults(query: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    found = {name: match[1] for name, text in parameters.items() if (match := _DEFAULT.search(text))}
    try:
        return {name: json.loads(text) for name, text in found.items()}
    except json.JSONDecodeError as error:
        raise QueryError(f"cypher/{query}.cypher: expected a default in JSON, found {error.doc!r}") from None


def _choices(parameters: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found = {name: _CHOICES.match(text) for name, text in parameters.items()}
    return {name: tuple(match[1].split(", ")) for name, match in found.items() if match}


def _depth(text: str) -> int:
    return sum((character in "([{") - (character in ")]}") for character in text)


def _split_at_commas(text: str) -> list[str]:
    """The parts between the commas that stand outside every bracket."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _split(source: str) -> tuple[list[str], str]:
    lines = source.splitlines()
    n_header = next((n for n, line in enumerate(lines) if not line.startswith("//")), len(lines))
    header = [line[2:].strip() for line in lines[:n_header]]
    return header, "\n".join(lines[n_header:]).strip().rstrip(";")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _check(query: Query) -> None:
    where = f"cypher/{query.name}.cypher"
    if not query.summary.endswith("."):
        raise QueryError(f"{where}: the header's first line must be a sentence that says what the rows are")
    if query.access not in ACCESS:
        raise QueryError(f"{where}: expected 'access: {' | '.join(ACCESS)}', found {query.access!r}")
    used = used_parameters(query.text)
    if used != set(query.parameters):
        undeclared = sorted(used - set(query.parameters))
        unused = sorted(set(query.parameters) - used)
        raise QueryError(f"{where}: parameters undeclared {undeclared}, unused {unused}")
    if query.access == "read" and not query.returns:
        raise QueryError(f"{where}: a read query declares what it returns")
    if query.returns and query.returns != last_columns(query.text):
        raise QueryError(f"{where}: declares to return {query.returns}, but returns {last_columns(query.text)}")


def example_parameters(query: Query) -> Mapping[str, Any]:
    """The values of the `:param` line, read as the Cypher map that it is (JSON with bare keys and ' or \")."""
    body = query.example.removeprefix(":param").strip()
    if not body:
        return {}
    quoted = re.sub(r"([{,]\s*)([A-Za-z_]\w*)\s*:", r"\1'\2':", body)
    quoted = re.sub(r"\bnull\b", "None", re.sub(r"\btrue\b", "True", re.sub(r"\bfalse\b", "False", quoted)))
    value: Mapping[str, Any] = ast.literal_eval(quoted)
    return value


def write_table() -> None:
    """Put the table into cypher/README.md, between its two marks."""
    path = folder() / "README.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(TABLE_MARKS[0])
    _, _, after = rest.partition(TABLE_MARKS[1])
    path.write_text(f"{before}{TABLE_MARKS[0]}\n{table()}\n{TABLE_MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    write_table()
