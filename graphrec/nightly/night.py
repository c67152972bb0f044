"""One night: load, audit, snapshot, train, compare, publish, swap. Killed anywhere, the next run goes on.

Nothing is written into the graph's model before the comparison has been won; until the swap readers see the version
before, whole.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from graphrec import versions
from graphrec.connect import connect
from graphrec.errors import AuditError, BusyError, GraphrecError, InputError, ModelError
from graphrec.features import write_features
from graphrec.graph import Graph
from graphrec.ingest.load import LoadReport, load
from graphrec.ingest.schema import ensure_schema
from graphrec.models import create
from graphrec.models.base import Report, WarmModel, fingerprint_of
from graphrec.models.train import publish_model
from graphrec.nightly.audit import Audit
from graphrec.nightly.gate import compare
from graphrec.nightly.interrupted import FOLDER, LOCK, SNAPSHOT
from graphrec.nightly.journal import Journal, Progress, Record, read
from graphrec.nightly.kept import read_snapshot, write_snapshot
from graphrec.nightly.outcome import Outcome
from graphrec.server import Home
from graphrec.snapshot import Snapshot
from graphrec.versions import ModelVersion, version_folder
from graphrec.versions.files import checked_folder, model_folder
from graphrec.versions.publish import KEPT

MARGIN = 0.01
WIDTHS = ("embedding_dim", "lightgcn.embedding_dim")


@dataclass(frozen=True)
class NewData:
    """What `load` takes: a path of any known format, and how to read it."""

    path: Path
    columns: Mapping[str, str] | None = None
    rejects: Path | None = None
    kind: str | None = None

    def marks(self) -> list[Any]:
        """What tells these files from other ones of the same name: sizes and times."""
        if not self.path.exists():
            raise InputError(f"expected new data in {self.path}, found nothing there; check the path given to --data")
        files = sorted(self.path.rglob("*")) if self.path.is_dir() else [self.path]
        stats = [(str(file), file.stat()) for file in files if file.is_file()]
        return [str(self.path.resolve()), self.columns, self.kind, [(n, s.st_size, s.st_mtime_ns) for n, s in stats]]


@dataclass(frozen=True)
class Plan:
    """What a night is to do; see `retrain`."""

    name: str
    settings: Mapping[str, Any]
    data: NewData | None
    audit: Audit | None
    margin: float
    keep: int
    warm: bool
    again: bool

    def __post_init__(self) -> None:
        if not 0 <= self.margin < 1:
            raise InputError(f"expected a margin from 0 to below 1, such as 0.01, found {self.margin}")
        if self.keep < 2:
            raise InputError(
                f"expected at least 2 versions to keep, the live one and the one before, found {self.keep}"
            )

    @property
    def loading(self) -> str:
        """Where the new data lie, or ''."""
        return str(self.data.path.resolve()) if self.data else ""

    def record(self) -> Record:
        """A run that begins now. Runs that do the same have the same digest: one may go on where the other was."""
        marks = self.data.marks() if self.data else None
        digest = fingerprint_of(self.name, dict(self.settings), marks, self.warm)
        return Record(digest, int(time.time() * 1000), self.loading)


def retrain(
    home: Path | None = None,
    name: str = "blend",
    settings: Mapping[str, Any] | None = None,
    *,
    data: NewData | None = None,
    audit: Audit | None = None,
    margin: float = MARGIN,
    keep: int = KEPT,
    warm: bool = True,
    again: bool = False,
    fresh: bool = False,
    report: Path | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """How the night ended: `swapped`, `unchanged` (nothing new to learn), `kept` (worse) or `refused` (by the audit).

    New `data` are loaded first, as `load` does. Settings not given are those of the live version, from which training
    starts where it is as wide (`warm`). The new version goes live unless recall@20 or NDCG@20, on pairs withheld from
    both, falls by more than `margin` of the live one's; the first goes live in any case. `keep` versions stay.
    An interrupted run of less than RESUMED_HOURS ago that was to do the same is gone on with, unless `fresh`.
    `again`: train even if nothing is new. `report`: a JSON file, also written when the run fails.
    Raises BusyError where another run is at it, and whatever its steps raise.
    """
    plan = Plan(name, settings or {}, data, audit, margin, keep, warm, again)
    with _failures(name, report), _alone(Home.at(home), name) as folder:
        if not fresh:
            _check_load(folder, plan)
        journal = Journal.open(folder, plan.record(), progress, fresh)
        outcome = _Night(plan, home, journal).run()
        if report:
            outcome.write(report)
        journal.close()
    return outcome


def roll_back(home: Path | None = None, name: str = "blend", *, report: Path | None = None) -> Outcome:
    """The version before is live again. What was begun and not ended is dropped: it started from another one."""
    with _failures(name, report), _alone(Home.at(home), name) as folder, connect(home) as graph:
        before = versions.current(graph, name)
        version = versions.rollback(graph, name)
        shutil.rmtree(folder, ignore_errors=True)
        says = f"{_called(version)} is live again"
        outcome = Outcome(name, "rolled back", says, _iso(time.time()), _number(before), version.version)
        if report:
            outcome.write(report)
    return outcome


class _Night:
    def __init__(self, plan: Plan, home: Path | None, journal: Journal) -> None:
        self.plan = plan
        self.home = home
        self.journal = journal

    def run(self) -> Outcome:
        plan, journal = self.plan, self.journal
        if plan.data and not journal.is_done("load"):
            with journal.step("load"):
                loaded = self._load(plan.data)
                journal.note(None, loaded=asdict(loaded))
        with connect(self.home) as graph:
            ensure_schema(graph)
            if plan.audit and not journal.is_done("audit"):
                try:
                    with journal.step("audit"):
                        plan.audit(graph)
                except AuditError as error:
                    return self._outcome("refused", str(error), versions.current(graph, plan.name))
            if not journal.is_done("features"):
                with journal.step("features"):
                    write_features(graph, progress=lambda what, *far: journal.tell(f"features: {what}", *far))
            return self._learn(graph)

    def _load(self, data: NewData) -> LoadReport:
        told = self.journal.tell
        return load(data.path, self.home, columns=data.columns, rejects=data.rejects, kind=data.kind, progress=told)

    def _learn(self, graph: Graph) -> Outcome:
        live = versions.current(graph, self.plan.name)
        if self.journal.is_done("snapshot") and _number(live) != self.journal.record.before:
            return self._overtaken(graph, live)
        if not self.journal.is_done("snapshot"):
            self._snapshot(graph, live)
        model, snapshot = self._model(graph, live), self._read_snapshot(graph)
        if live and not self.plan.again and model.is_known(snapshot):
            return self._outcome("unchanged", f"nothing is new since {_called(live)} was trained", live)
        with self.journal.step("train"):
            model.fit(snapshot, self._fitting)
        if live:
            with self.journal.step("compare"):
                verdict = compare(snapshot, model, self._fitted(graph, live))
                measured = {"metrics": {"new": verdict.new, "live": verdict.live}}
                counted = {"n_users": verdict.n_users, "n_pairs": verdict.n_pairs, "warm": model.warm}
                self.journal.note(live.version, **measured, **counted)
            if verdict.is_worse(self.plan.margin):
                limit = f"worse by more than {self.plan.margin:g} of it: {verdict.says()}"
                return self._outcome("kept", f"{_called(live)} stays live; what was trained is {limit}", live)
        return self._publish(graph, model, snapshot)

    def _snapshot(self, graph: Graph, live: ModelVersion | None) -> None:
        self._model(graph, live)  # what can't be compared or set is told before the work
        with self.journal.step("snapshot"):
            write_snapshot(self._snapshot_file, Snapshot.from_graph(graph, stated=True))
            self.journal.note(_number(live))

    def _read_snapshot(self, graph: Graph) -> Snapshot:
        """What was read, by this run or by the one that it goes on for, without those who have opted out since."""
        out = [row["user_id"] for row in graph.read("consent/opted_out")]
        return read_snapshot(self._snapshot_file).without(out)

    def _publish(self, graph: Graph, model: WarmModel, snapshot: Snapshot) -> Outcome:
        """Filling the slot and moving the pointer are one call; between them the index is told to be built."""

        def tell(what: str, done: int, total: int) -> None:
            self.journal.tell(what, done, total)
            if (what, done) == ("index", 1):
                self.journal.end("publish")
                self.journal.begin("swap")

        self.journal.begin("publish")
        version = publish_model(graph, model, snapshot, tell, keep=self.plan.keep)
        self.journal.end("swap")
        return self._swapped(version)

    def _overtaken(self, graph: Graph, live: ModelVersion | None) -> Outcome:
        """Another version went live since the run was interrupted: its own, or one that it must start from."""
        before = self._version(graph, self.journal.record.before)
        if live and (before or self.journal.record.before is None):
            model = self._model(graph, before)
            if live.fingerprint == model.fingerprint(read_snapshot(self._snapshot_file)):
                return self._swapped(live)
        self.journal.back_to("snapshot")
        return self._learn(graph)

    def _model(self, graph: Graph, live: ModelVersion | None) -> WarmModel:
        """The model that is to be trained, following the live version."""
        settings = {**(live.settings if live else {}), **self.plan.settings}
        model = create(self.plan.name, settings)
        if not isinstance(model, WarmModel):
            raise InputError(
                f"{self.plan.name} can't follow an earlier version; retrain blend or lightgcn, train the others anew"
            )
        model.checkpoints, model.resume = self.journal.folder, True
        if not live:
            model.warm = False
            return model
        model.previous = version_folder(graph.home, live.name, live.version) / "model"
        same_width = all(live.settings.get(name) == model.settings_dict.get(name) for name in WIDTHS)
        model.warm = self.plan.warm and same_width
        if not self._fitted(graph, live).past.withheld.nnz or not model.settings_dict.get("validation_share"):
            raise ModelError(
                f"no pairs were, or are to be, withheld from {_called(live)} and its successor, so that they can't be "
                f"compared; train it once with a validation_share: graphrec train --model {live.name} --again"
            )
        return model

    def _fitted(self, graph: Graph, live: ModelVersion) -> WarmModel:
        folder = checked_folder(graph, live) / "model"
        model: WarmModel = type(create(live.name)).load(folder)  # type: ignore[assignment]
        return model

    def _version(self, graph: Graph, number: int | None) -> ModelVersion | None:
        found = [v for v, _ in versions.all_versions(graph) if (v.name, v.version) == (self.plan.name, number)]
        return found[0] if found else None

    def _swapped(self, version: ModelVersion) -> Outcome:
        return self._outcome("swapped", f"{_called(version)} is live", version)

    def _outcome(self, decision: str, says: str, live: ModelVersion | None) -> Outcome:
        record = self.journal.record
        return Outcome(
            model=self.plan.name,
            decision=decision,
            says=says,
            started_at=_iso(record.began_at / 1000),
            before=record.before if self.journal.is_done("snapshot") else _number(live),
            live=_number(live),
            resumed=self.journal.resumed,
            margin=self.plan.margin,
            seconds=record.seconds,
            **record.found,
        )

    def _fitting(self, report: Report) -> None:
        done = (report.epoch - 1) * report.steps + report.step
        self.journal.tell("training", done, report.epochs * report.steps)

    @property
    def _snapshot_file(self) -> Path:
        return self.journal.folder / SNAPSHOT


@contextmanager
def _alone(home: Home, name: str) -> Iterator[Path]:
    """The folder of the run's journal. BusyError where another run has it."""
    place = model_folder(home.root, name)
    place.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(place / LOCK, timeout=0):
            yield place / FOLDER
    except Timeout:
        raise BusyError(f"another run retrains {name} in {home.root}; wait until it has ended") from None


@contextmanager
def _failures(name: str, report: Path | None) -> Iterator[None]:
    """Write also into the report why there is nothing else to report."""
    began = _iso(time.time())
    try:
        yield
    except GraphrecError as error:
        if report:
            Outcome(name, "busy" if isinstance(error, BusyError) else "failed", str(error), began).write(report)
        raise


def _check_load(folder: Path, plan: Plan) -> None:
    """Nothing is learnt from a data set that is half there."""
    found = read(folder)
    if found and found.step == "load" and "load" not in found.seconds and found.loading != plan.loading:
        raise ModelError(
            f"the run before was interrupted while it loaded {found.loading}, a part of which is in the graph; run "
            "again with that as --data, which completes it, or with --fresh to go on with the graph as it is"
        )


def _called(version: ModelVersion) -> str:
    return f"{version.name} version {version.version}"


def _number(version: ModelVersion | None) -> int | None:
    return version.version if version else None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
