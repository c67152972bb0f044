"""Imports follow the data, from files to the command line, and never turn back."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

LAYERS = (
    ("graphrec.errors",),
    ("graphrec.hashing", "graphrec.ids", "graphrec.kinds", "graphrec.pages", "graphrec.queries"),
    ("graphrec.privacy.entry", "graphrec.privacy.policy", "graphrec.privacy.pseudonyms"),
    ("graphrec.frames",),
    ("loaders",),
    ("graphrec.server",),
    ("graphrec.link",),
    ("graphrec.graph", "graphrec.sessions"),
    ("graphrec.connect",),
    ("graphrec.transfer",),
    ("graphrec.ingest",),
    ("graphrec.journal",),
    ("graphrec.snapshot",),
    ("graphrec.features",),
    ("graphrec.versions",),
    ("graphrec.privacy",),
    ("graphrec.audit",),
    ("graphrec.cleaning",),
    ("graphrec.models",),
    ("graphrec.recommend",),
    ("graphrec.experiments",),
    ("graphrec.serving",),
    ("graphrec.evaluation",),
    ("graphrec.tuning",),
    ("graphrec.comparing",),
    ("graphrec.replay",),
    ("graphrec.fairness",),
    ("graphrec.advising",),
    ("graphrec.nightly",),
    ("graphrec.holdings",),
    ("graphrec.datasets", "graphrec.doctor"),
    ("graphrec",),
    ("graphrec.service",),
    ("graphrec.cli",),
)


def module_names() -> dict[str, Path]:
    paths = [*ROOT.glob("graphrec/**/*.py"), *ROOT.glob("loaders/**/*.py")]
    return {name_of(path): path for path in paths}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer(module: str) -> int:
    """The place of a module in the order: that of the longest name in LAYERS which it begins with."""
    names = [(name, n) for n, names in enumerate(LAYERS) for name in names]
    exact = [(name, n) for name, n in names if module == name or (name != "graphrec" and module.startswith(name + "."))]
    if not exact:
        raise AssertionError(f"{module} has no place in the order of layers; give it one in LAYERS")
    return max(exact, key=lambda found: len(found[0]))[1]


def imports(path: Path, known: dict[str, Path]) -> set[str]:
    """The project's own modules that a file imports, at the top or inside a function; not those for types alone."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            children = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {child if child in known else node.module for child in children}
    return {name for name in found if name in known}


KNOWN = module_names()


IMPORTS = {module: imports(path, KNOWN) - {module} for module, path in KNOWN.items()}


def test_a_module_imports_only_what_lies_before_it() -> None:
    later = {
        module: [name for name in found if layer(name) > layer(module)]
        for module, found in IMPORTS.items()
        if module != "graphrec.__main__"
    }
    wrong = {module: found for module, found in later.items() if found}
    assert len(later) > 400
    assert not wrong, f"these import what comes after them: {wrong}"


def test_no_module_imports_itself_in_a_circle() -> None:
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, f"a circle: {' > '.join((*trail, module))}"
        if module not in done:
            for name in IMPORTS[module]:
                visit(name, (*trail, module))
            done.add(module)

    for module in IMPORTS:
        visit(module, ())


SLOW = ("torch", "optuna", "matplotlib", "numba")


def test_the_command_line_starts_without_what_is_slow_to_import() -> None:
    commands = [["--help"], ["queries"], ["query", "--help"], ["recommend", "--help"], ["tune", "--help"]]
    code = (
        "import sys\n"
        "from graphrec.cli.main import main\n"
        f"for command in {commands!r}:\n"
        "    sys.argv = ['graphrec', *command]\n"
        "    try:\n        main()\n    except SystemExit as end:\n        assert not end.code, (command, end.code)\n"
        f"    for slow in {SLOW!r}:\n        assert slow not in sys.modules, (command, slow)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
