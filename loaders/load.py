"""From a path to Frames: recognised, checked whole, staged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from graphrec.errors import InputError
from graphrec.frames import Frames, FramesWriter
from graphrec.ids import clean_id
from graphrec.privacy.entry import Entry
from loaders.format import Format, Step, with_kind
from loaders.reading import Rejects, read_checked
from loaders.recognise import recognise
from loaders.sources import Progress

EVENT_TABLES = ("interactions", "valid", "test")


def load_frames(
    path: Path | str,
    *,
    staging: Path,
    columns: Mapping[str, str] | None = None,
    rejects: Path | None = None,
    kind: str | None = None,
    entry: Entry | None = None,
    progress: Progress | None = None,
) -> Frames:
    """A data set of any known format, checked and staged in `staging`, a folder that is new or empty.

    `columns` maps user, item, rating, time, kind, count and weight to columns of a table. `kind` is given to every
    interaction. `entry` says how people come in: by pseudonyms, without some columns. `progress` is called with the
    bytes read and the bytes there are. Bad rows go to the file `rejects`; without it the first one is an InputError
    that names file and line, and nothing stays staged.
    """
    path = Path(path)
    if staging.exists() and any(staging.iterdir()):
        raise InputError(f"expected a new or empty folder to stage in, found files in {staging}")
    kind = clean_id(kind) if kind is not None else None
    found = recognise(path, columns)
    sink = Rejects(rejects) if rejects else None
    try:
        with FramesWriter(staging, path.name, found.name, entry) as writer:
            _stage(found, writer, sink, kind, progress)
            writer.rejected = sink.n_rows if sink else 0
            return writer.finish()
    finally:
        if sink:
            sink.close()


def _stage(
    found: Format, writer: FramesWriter, rejects: Rejects | None, kind: str | None, progress: Progress | None
) -> None:
    total = sum(step.source.size for step in found.steps)
    done = 0

    def count(n: int) -> None:
        nonlocal done
        done = min(done + n, total)
        if progress:
            progress(done, total)

    for step in found.steps:
        _stage_file(step, writer, rejects, kind, count)
    for name, rows in found.closing().items():
        writer.add(name, rows)


def _stage_file(step: Step, writer: FramesWriter, rejects: Rejects | None, kind: str | None, count: object) -> None:
    assert callable(count)
    reader = step.reader(step.source, count)
    for rows in read_checked(reader, step.fields, rejects):
        for name, table in step.tables(rows).items():
            writer.add(name, with_kind(table, kind) if kind and name in EVENT_TABLES else table)
