"""A process that writes cohorts until it is done or killed: `record_writer.py URL FIRST COUNT`.

It says `ready`, waits for a line, and says `writing N` before and `done N` after each cohort.
"""

import sys

from taskgroup.spec import RunResult, RunSpec, Score, Sharing, Study, parse_study
from taskgroup.storage import open_record

TASKS = ("a", "b", "c")
SPLITS = ("validation", "test")
COHORT_RUNS = 64
FINGERPRINT = "rows-1"


def make_study(name: str = "letters", **changes: object) -> Study:
    document = {
        "name": name,
        "data": {"source": "letters.csv"},
        "tasks": [{"name": task, "kind": "regression"} for task in TASKS],
    }
    return parse_study({**document, **changes})


CONTEXT = make_study().context(FINGERPRINT)


def make_spec(seed: int, subset: tuple[str, ...] = TASKS) -> RunSpec:
    return RunSpec(subset, Sharing("hard", 2), "equal", 1e-3, 1e-4, seed)


def make_result(seed: int, subset: tuple[str, ...] = TASKS) -> RunResult:
    scores = tuple(Score(task, split, "r2", seed / 7) for task in subset for split in SPLITS)
    return RunResult(make_spec(seed, subset), "ok", scores, seconds=0.05, epochs=30)


def make_cohort(index: int) -> list[RunResult]:
    return [make_result(index * COHORT_RUNS + member) for member in range(COHORT_RUNS)]


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(url: str, first: int, count: int) -> None:
    say("ready")
    sys.stdin.readline()
    with open_record(url) as record:
        study_id = record.open_study(make_study(), data_fingerprint=FINGERPRINT)
        for index in range(first, first + count):
            say(f"writing {index}")
            record.add_results(study_id, CONTEXT, "pairs", make_cohort(index))
            say(f"done {index}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
