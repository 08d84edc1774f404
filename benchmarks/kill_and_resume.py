"""SIGKILL a search at random moments, go on each time, and compare with a search that was left alone.

Run from the repository root: `python -m benchmarks.kill_and_resume [-n KILLS] [-o FILE.md]`.

Checked: no finished run is ever lost or changed, none is trained twice, and the recommendation equals the
undisturbed one to the last bit. To see every training, the searches run with a record that also appends the
keys of each committed cohort to a log.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

STUDY = "studies/digits.yaml"
_LOGGING_SEARCH = """
import os, sys
from taskgroup.storage import SqlRecord
commit = SqlRecord.add_results
def add_results(self, study_id, context, stage, results):
    commit(self, study_id, context, stage, results)
    log = os.open({log!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, "".join(r.spec.key(context) + "\\n" for r in results).encode())
    os.close(log)
SqlRecord.add_results = add_results
from taskgroup.cli import main
main(["search", {study!r}, "--storage", {url!r}, "--json", "--quiet"])
"""


def main() -> int:
    """Run the test and write what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", "--kills", type=int, default=20)
    parser.add_argument("-o", "--output", type=Path, default=Path("reports/kill_and_resume.md"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = _compare(Path(folder), options.kills, random.Random(options.seed))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(report)
    print(report)
    return 0


def _compare(folder: Path, n_kills: int, rng: random.Random) -> str:
    started = time.monotonic()
    undisturbed = json.loads(_search(folder / "alone.db", folder / "alone.log").communicate()[0])
    seconds = time.monotonic() - started
    startup = _seconds_to_first_commit(folder)
    lost = changed = kills = rounds = 0
    sizes: list[int] = []
    final, twice = None, 0
    while kills < n_kills or final is None:
        database, log = folder / f"{rounds}.db", folder / f"{rounds}.log"
        search, before = _search(database, log), _recorded(database)
        if kills < n_kills:
            try:
                search.wait(timeout=startup + rng.uniform(-0.5, 0.25) * (seconds - startup))
            except subprocess.TimeoutExpired:
                search.send_signal(signal.SIGKILL)
                search.wait()
                kills += 1
                after = _recorded(database)
                lost += len(before.keys() - after.keys())
                changed += sum(after[key] != value for key, value in before.items() if key in after)
                sizes.append(len(after))
                continue
        final = json.loads(search.communicate()[0])
        twice += sum(count > 1 for count in Counter(log.read_text().split()).values())
        rounds += 1
    same = {key: final[key] for key in _COMPARED} == {key: undisturbed[key] for key in _COMPARED}
    return _report(n_kills, rounds, sizes, lost, changed, twice, same, final, seconds)


_COMPARED = ("recommendation", "negative_transfer", "affinity", "runs_finished")


def _search(database: Path, log: Path) -> subprocess.Popen[str]:
    code = _LOGGING_SEARCH.format(log=str(log), study=STUDY, url=f"sqlite:///{database}")
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def _seconds_to_first_commit(folder: Path) -> float:
    """How long a search takes to import, load the data and record its first cohort."""
    database = folder / "first.db"
    started = time.monotonic()
    search = _search(database, folder / "first.log")
    while not _recorded(database):
        time.sleep(0.05)
    search.kill()
    search.wait()
    return time.monotonic() - started


def _recorded(database: Path) -> dict[str, tuple[tuple[str, str, float], ...]]:
    """Scores of every recorded run by its key."""
    if not database.exists():
        return {}
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "select key, task, split, value from runs join scores on scores.run_id = runs.id order by 1, 2, 3"
        ).fetchall()
    except sqlite3.OperationalError:  # killed before the tables were there
        rows = []
    finally:
        connection.close()
    runs: dict[str, list[tuple[str, str, float]]] = {}
    for key, *score in rows:
        runs.setdefault(key, []).append(tuple(score))
    return {key: tuple(scores) for key, scores in runs.items()}


def _report(n_kills, rounds, sizes, lost, changed, twice, same, final, seconds) -> str:
    return f"""# Killing a search and going on

`python -m benchmarks.kill_and_resume -n {n_kills}`: `taskgroup search {STUDY}` ({final["runs_finished"]} runs,
{seconds:.0f} s undisturbed, imports included) received SIGKILL at {n_kills} random moments in {rounds} searches
that were each run to the end.

| | |
|---|---|
| kills | {n_kills} |
| recorded runs at each kill | {", ".join(map(str, sizes))} |
| recorded runs lost | {lost} |
| recorded scores changed | {changed} |
| runs trained and recorded twice | {twice} |
| recommendation, transfer and affinity equal to the undisturbed search's, to the last digit | {"yes" if same else "NO"} |
"""


if __name__ == "__main__":
    sys.exit(main())
