"""`python -m graphrec.server.lock` writes the lock files anew, for the versions named in `jars.py`.

Run it after raising a version: it asks jgo for the whole dependency tree, fetches every jar and records its
SHA-256. `gds.lock` holds only what Graph Data Science adds: where both want a library, Neo4j's version is used.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from graphrec.server import jars
from graphrec.server.fetch import download

NEO4J = (f"org.neo4j:neo4j:{jars.NEO4J_VERSION}",)
BROWSER = f"org.neo4j.client:neo4j-browser:{jars.BROWSER_VERSION}"
GDS = (f"org.neo4j.gds:proc:{jars.GDS_VERSION}", f"org.neo4j.gds:opengds-extension:{jars.GDS_VERSION}")

_HEADER = "# group:artifact:version[:classifier] sha256; written by `python -m graphrec.server.lock`\n"


def resolve(roots: tuple[str, ...]) -> list[str]:
    """The coordinates of the roots and of all that they need at run time, sorted."""
    import jgo

    artifacts = jgo.resolve("+".join(roots))
    parts = {(a.groupId, a.artifactId, a.version, a.classifier) for a in artifacts if a.packaging == "jar"}
    return sorted(":".join(part for part in four if part) for four in parts)


def library(coordinates: str) -> str:
    """`group:artifact`, whatever the version."""
    return ":".join(coordinates.split(":")[:2])


def write_lock(name: str, coordinates: list[str]) -> None:
    """Fetch every jar and write `NAME.lock` beside this module."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(8) as pool:
        targets = [Path(folder) / str(n) for n in range(len(coordinates))]
        digests = list(pool.map(download, coordinates, targets))
    if not all(digests):
        raise SystemExit("a download was cut off; run it again")
    lines = [f"{jar} {digest}\n" for jar, digest in zip(coordinates, digests, strict=True)]
    (Path(__file__).parent / f"{name}.lock").write_text(_HEADER + "".join(lines), encoding="ascii")
    sys.stdout.write(f"{name}.lock: {len(lines)} jars\n")


def main() -> None:
    """Write the three lock files."""
    neo4j = resolve(NEO4J)
    known = {library(jar) for jar in neo4j}
    write_lock("neo4j", neo4j)
    write_lock("gds", [jar for jar in resolve(GDS) if library(jar) not in known])
    write_lock("browser", [BROWSER])


if __name__ == "__main__":
    main()
