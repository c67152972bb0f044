"""Small data sets, staged as a loader would."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from graphrec.frames import Frames, FramesWriter

Event = tuple[str, str, int | None]


def stage(folder: Path, events: list[Event], *, test: list[Event] | None = None, **columns: list[object]) -> Frames:
    """Frames of (user, item, at) events; `columns` add or replace columns of the interactions."""
    with FramesWriter(folder, "toy", "test") as writer:
        writer.add("interactions", table(events, **columns))
        if test is not None:
            writer.add("test", table(test))
        return writer.finish()


def table(events: list[Event], **columns: list[object]) -> pa.Table:
    users, items, times = zip(*events, strict=True) if events else ((), (), ())
    body = {"user_id": users, "item_id": items, "kind": ["rating"] * len(events), "at": times, **columns}
    return pa.table({name: pa.array(list(values)) for name, values in body.items() if name != "at"}).append_column(
        "at", pa.array(list(body["at"]), pa.int64())
    )


def rows(frames: Frames) -> set[tuple[str, str, int | None]]:
    """The training events."""
    columns = frames.table("interactions").to_pydict()
    return set(zip(columns["user_id"], columns["item_id"], columns["at"], strict=True))
