"""A lock among threads and processes: one at a time, free again when its holder dies."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from graphrec.journal.turn import Turn

HOLDER = """
import sys, time
from pathlib import Path
from graphrec.journal.turn import Turn
with Turn(Path(sys.argv[1])).taken(5):
    print("held", flush=True)
    time.sleep(600)
"""


def test_another_process_waits_until_the_holder_is_killed(tmp_path: Path) -> None:
    turn = Turn(tmp_path / "lock")
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "lock")], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(TimeoutError), turn.taken(0.05):
            pass
        holder.kill()
    with turn.taken(5):
        pass
    turn.close()


def test_threads_take_turns(tmp_path: Path) -> None:
    turn, inside, most = Turn(tmp_path / "lock"), [0], [0]

    def work() -> None:
        for _ in range(200):
            with turn.taken(30):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == ([0], [1])
    turn.close()


def test_one_that_is_closed_is_never_taken(tmp_path: Path) -> None:
    turn = Turn(tmp_path / "lock")
    turn.close()
    with pytest.raises(OSError, match="closed"), turn.taken(1):
        pass
