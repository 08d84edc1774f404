"""SIGKILL at any moment costs the runs in flight, and nothing else."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from taskgroup.storage import open_record

_MORTAL_SEARCH = """
import os, signal, sys, threading
from taskgroup.cli import main
from taskgroup.storage import SqlRecord

study, storage, log, fuse = sys.argv[1:]
commit, lit = SqlRecord.add_results, []

def add_results(self, study_id, context, stage, results):
    if fuse and not lit:
        lit.append(threading.Timer(float(fuse), os.kill, (os.getpid(), signal.SIGKILL)))
        lit[0].daemon = True
        lit[0].start()
    commit(self, study_id, context, stage, results)
    with open(log, "a") as file:
        file.writelines(f"{result.spec.key(context)}\\n" for result in results)

SqlRecord.add_results = add_results
main(["search", study, "--storage", storage, "--json", "--quiet"])
"""


class MortalSearch:
    """A search in a process of its own that notes every run it has recorded."""

    def __init__(self, study: Path, folder: Path) -> None:
        self._study, self._log = study, folder / "recorded.txt"
        self._log.touch()
        self.storage = f"sqlite:///{folder / 'taskgroup.db'}"

    def run(self, *, fuse: float | None = None) -> subprocess.CompletedProcess[str]:
        """Search to the end, or until so many seconds after the first cohort is about to be recorded."""
        words = [self._study, self.storage, self._log, "" if fuse is None else fuse]
        code = [sys.executable, "-c", _MORTAL_SEARCH, *map(str, words)]
        return subprocess.run(code, capture_output=True, text=True, check=False)

    @property
    def noted(self) -> list[str]:
        return self._log.read_text().split()

    @property
    def recorded(self) -> set[str]:
        with open_record(self.storage) as record:
            return {key for study in record.studies() for key in record.results(study.context)}


def test_a_search_that_is_killed_again_and_again_ends_like_one_that_was_not(finished, tmp_path):
    rng, search = random.Random(0), MortalSearch(finished.study_file, tmp_path)
    seconds = finished.result.runs.drop_duplicates("run_id")["seconds"].sum()
    for _ in range(4):
        killed = search.run(fuse=rng.uniform(0, 0.2) * seconds)
        if killed.returncode != -signal.SIGKILL:
            break  # faster than its fuse
        assert set(search.noted) <= search.recorded
    done = search.run()
    assert done.returncode == 0, done.stderr
    assert max(Counter(search.noted).values()) == 1
    assert len(search.recorded) == finished.result.runs["run_id"].nunique()
    found, expected = json.loads(done.stdout), finished.result
    assert found["recommendation"] == json.loads(json.dumps(expected.recommendation.document()))
    assert found["affinity"] == expected.affinity.document()
