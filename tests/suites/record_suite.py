"""What every record must do, whatever it is stored in.

Subclass `RecordSuite` with a `record` fixture; a record that other processes can open by URL subclasses
`DurableRecordSuite` with a `url` fixture instead.
"""

import contextlib
import itertools
import math
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from suites import record_writer
from suites.record_writer import (
    COHORT_RUNS,
    CONTEXT,
    FINGERPRINT,
    SPLITS,
    TASKS,
    make_cohort,
    make_result,
    make_spec,
    make_study,
)

from taskgroup.errors import NotFoundError, StudyChangedError
from taskgroup.spec import RunResult, RunSpec, Score, Sharing
from taskgroup.storage import Record, RecordError, open_record

FRAME_COLUMNS = [
    *("run_id", "stage", "subset", "n_tasks", "seed", "sharing", "depth", "weighting", "learning_rate"),
    *(
        "weight_decay",
        "fidelity",
        "capacity",
        "sampling",
        "distillation",
        "status",
        "reason",
        "seconds",
        "epochs",
        "task",
        "split",
        "metric",
        "value",
    ),
]

finite = st.floats(allow_nan=False, allow_infinity=False)
names = st.text(st.characters(exclude_characters="+\0", exclude_categories=["Cs"]), min_size=1, max_size=8)
subsets = st.lists(names, min_size=1, max_size=4, unique=True).map(tuple)
specs = st.builds(
    RunSpec,
    subset=subsets,
    sharing=st.builds(
        Sharing, kind=st.sampled_from(["hard", 'mmoe {"experts": 2}']), depth=st.integers(0, 20)
    ),
    weighting=names,
    learning_rate=finite,
    weight_decay=finite,
    seed=st.integers(0, 2**63 - 1),
    fidelity=st.floats(0.01, 1.0),
    capacity=st.sampled_from([1.0, 0.5, 1 / 3]),
    sampling=st.sampled_from(["", "uniform"]),
    distillation=st.sampled_from(["", "annealed"]),
)
scores = st.lists(
    st.builds(Score, task=names, split=st.sampled_from(SPLITS), metric=names, value=st.floats()),
    max_size=6,
    unique_by=lambda score: (score.task, score.split, score.metric),
).map(tuple)
results = st.builds(
    RunResult,
    spec=specs,
    status=st.sampled_from(["ok", "failed"]),
    scores=scores,
    seconds=finite,
    epochs=st.integers(0, 10**6),
    reason=st.none() | names,
)
SHARED_BY_SUBCLASSES = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
"""Examples go to one record in contexts of their own, and each subclass runs the same test."""

fresh_context = map("context-{}".format, itertools.count())


def comparable(result: RunResult) -> tuple:
    """The result with NaN replaced, which does not equal itself."""
    rows = [(s.task, s.split, s.metric, None if math.isnan(s.value) else s.value) for s in result.scores]
    return (result.spec, result.status, rows, result.seconds, result.epochs, result.reason)


def start_study(record: Record, name: str = "letters") -> int:
    return record.open_study(make_study(name), data_fingerprint=FINGERPRINT)


class RecordSuite:
    @pytest.fixture
    def record(self) -> Iterator[Record]:
        raise NotImplementedError("give an empty record")

    # Runs: what was trained is never lost, changed or counted twice.

    @settings(max_examples=30, deadline=None, suppress_health_check=SHARED_BY_SUBCLASSES)
    @given(cohort=st.lists(results, max_size=5, unique_by=lambda result: result.spec))
    def test_results_come_back_as_they_were(self, record: Record, cohort: list[RunResult]) -> None:
        """A resumed search would otherwise choose by other numbers than those measured."""
        context = next(fresh_context)
        record.add_results(start_study(record), context, "pairs", cohort)
        found = record.results(context)
        assert list(found) == [result.spec.key(context) for result in cohort]
        assert list(map(comparable, found.values())) == list(map(comparable, cohort))

    def test_recording_again_changes_nothing(self, record: Record) -> None:
        """A cohort that is sent twice would otherwise count twice in every mean."""
        study_id, cohort = start_study(record), make_cohort(0)
        record.add_results(study_id, CONTEXT, "pairs", cohort)
        before, frame = record.results(CONTEXT), record.runs_frame(study_id, every_stage=True)
        record.add_results(study_id, CONTEXT, "pairs", [*cohort, *cohort])
        assert record.results(CONTEXT) == before
        pd.testing.assert_frame_equal(record.runs_frame(study_id, every_stage=True), frame)

    def test_the_first_result_of_a_run_stands(self, record: Record) -> None:
        study_id, first = start_study(record), make_result(0)
        second = RunResult(first.spec, "failed", reason="diverged")
        record.add_results(study_id, CONTEXT, "pairs", [first, second])
        record.add_results(study_id, CONTEXT, "pairs", [second])
        assert list(record.results(CONTEXT).values()) == [first]

    def test_a_cohort_is_recorded_whole_or_not_at_all(self, record: Record) -> None:
        """Half a cohort would unpair the seeds that gains are computed from."""
        study_id = start_study(record)
        score = Score("a", "test", "r2", 0.5)
        broken = RunResult(make_spec(1), "ok", (score, score))
        with pytest.raises(RecordError):
            record.add_results(study_id, CONTEXT, "pairs", [make_result(0), broken])
        assert record.results(CONTEXT) == {}
        assert record.runs_frame(study_id).empty

    def test_studies_of_one_context_share_runs(self, record: Record) -> None:
        """A renamed study would otherwise train everything again."""
        one, two = start_study(record, "one"), start_study(record, "two")
        record.add_results(one, CONTEXT, "pairs", [make_result(0)])
        record.add_results(one, "another context", "pairs", [make_result(1)])
        assert list(record.results(CONTEXT)) == [make_spec(0).key(CONTEXT)]
        assert record.runs_frame(two).empty
        record.add_results(two, CONTEXT, "confirm", [make_result(0)])
        assert set(record.runs_frame(two)["run_id"]) == {record.runs_frame(one)["run_id"][0]}

    def test_a_link_uses_a_run_without_training_it(self, record: Record) -> None:
        one, two = start_study(record, "one"), start_study(record, "two")
        record.add_results(one, CONTEXT, "pairs", [make_result(seed) for seed in range(3)])
        keys = [make_spec(seed).key(CONTEXT) for seed in (2, 0, 2)]
        record.link(two, "pairs", keys)
        record.link(two, "pairs", keys)
        assert list(record.runs_frame(two)["seed"].unique()) == [2, 0]
        assert len(record.results(CONTEXT)) == 3

    def test_an_unknown_run_cannot_be_linked(self, record: Record) -> None:
        study_id = start_study(record)
        record.add_results(study_id, CONTEXT, "pairs", [make_result(0)])
        with pytest.raises(NotFoundError, match="no run 'lost'"):
            record.link(study_id, "confirm", [make_spec(0).key(CONTEXT), "lost"])
        assert set(record.runs_frame(study_id, every_stage=True)["stage"]) == {"pairs"}

    def test_nothing_is_written_for_an_unknown_study(self, record: Record) -> None:
        with pytest.raises(NotFoundError, match="no study with id 77"):
            record.add_results(77, CONTEXT, "pairs", [make_result(0)])
        with pytest.raises(NotFoundError, match="no study with id 77"):
            record.add_event(77, "stopped", {})
        assert record.results(CONTEXT) == {}

    def test_an_odd_reason_does_not_cost_the_cohort(self, record: Record) -> None:
        """An error message with bytes that no database stores must not lose 63 good runs."""
        failed = RunResult(make_spec(0), "failed", reason="bad \0 byte \udcff here")
        record.add_results(start_study(record), CONTEXT, "pairs", [failed, make_result(1)])
        reasons = [result.reason for result in record.results(CONTEXT).values()]
        assert reasons == ["bad ? byte ? here", None]

    # Studies: results of two different studies are never mixed up.

    def test_a_study_is_found_again(self, record: Record) -> None:
        study_id = start_study(record)
        assert start_study(record) == study_id
        assert start_study(record, "another") != study_id
        stored = record.study_named("letters")
        assert (stored.id, stored.study(), stored.context) == (study_id, make_study(), CONTEXT)
        assert stored.data_fingerprint == FINGERPRINT

    def test_a_study_continues_with_another_budget(self, record: Record) -> None:
        study_id = start_study(record)
        more = make_study(search={"runs": 999, "time": "10m"})
        assert record.open_study(more, data_fingerprint=FINGERPRINT) == study_id
        assert record.study_named("letters").study() == more

    def test_a_changed_study_is_refused_with_the_difference(self, record: Record) -> None:
        start_study(record)
        tasks = [{"name": "a", "kind": "regression", "metric": "mae"}, {"name": "c", "kind": "regression"}]
        changed = make_study(tasks=tasks, training={"epochs": 40}, search={"runs": 999})
        with pytest.raises(StudyChangedError) as caught:
            record.open_study(changed, data_fingerprint="rows-2")
        message = str(caught.value)
        assert "training.epochs: stored null, given 40" in message
        assert 'tasks: stored ["a", "b", "c"], given ["a", "c"]' in message
        assert 'tasks[a].metric: stored null, given "mae"' in message
        assert "data: the rows have changed" in message
        assert "--name NEW keeps the stored study and starts another" in message
        assert "search.runs" not in message
        assert "tasks[c]" not in message
        assert record.study_named("letters").study() == make_study()

    def test_an_unknown_study_names_the_nearest(self, record: Record) -> None:
        with pytest.raises(NotFoundError, match="no study 'leters'; it holds no studies yet"):
            record.study_named("leters")
        start_study(record)
        with pytest.raises(NotFoundError, match="did you mean 'letters'"):
            record.study_named("leters")

    def test_studies_count_their_runs(self, record: Record) -> None:
        one, _ = start_study(record, "one"), start_study(record, "two")
        fresh = record.study_named("one")
        assert (fresh.runs_finished, fresh.runs_failed) == (0, 0)
        failed = RunResult(make_spec(9), "failed", reason="diverged")
        record.add_results(one, CONTEXT, "pairs", [make_result(0), make_result(1), failed])
        record.link(one, "confirm", [make_spec(0).key(CONTEXT)])
        first, second = record.studies()
        assert (first.name, first.runs_finished, first.runs_failed) == ("one", 2, 1)
        assert (second.name, second.runs_finished, second.runs_failed) == ("two", 0, 0)
        assert first.created_at == fresh.created_at < first.last_activity
        assert first.last_activity.utcoffset().total_seconds() == 0

    # The table of runs, which everything shown is computed from.

    def test_the_frame_has_a_row_for_each_score(self, record: Record) -> None:
        study_id, result = start_study(record), make_result(3, ("a", "c"))
        record.add_results(study_id, CONTEXT, "pairs", [result])
        frame = record.runs_frame(study_id)
        assert list(frame.columns) == FRAME_COLUMNS
        assert list(zip(frame["task"], frame["split"], strict=True)) == [
            (score.task, score.split) for score in result.scores
        ]
        assert (frame["value"] == 3 / 7).all()
        row = frame.drop(columns=["run_id", "reason", "task", "split", "value"]).iloc[0]
        assert row.to_dict() == {
            "stage": "pairs",
            "subset": "a+c",
            "n_tasks": 2,
            "seed": 3,
            "sharing": "hard",
            "depth": 2,
            "weighting": "equal",
            "learning_rate": 1e-3,
            "weight_decay": 1e-4,
            "fidelity": 1.0,
            "capacity": 1.0,
            "sampling": "",
            "distillation": "",
            "status": "ok",
            "seconds": 0.05,
            "epochs": 30,
            "metric": "r2",
        }

    def test_a_failed_run_has_one_row(self, record: Record) -> None:
        study_id = start_study(record)
        failed = RunResult(make_spec(1), "failed", reason="loss is not finite")
        record.add_results(study_id, CONTEXT, "pairs", [failed, make_result(0)])
        frame = record.runs_frame(study_id)
        rows = frame[frame["status"] == "failed"]
        assert rows["reason"].tolist() == ["loss is not finite"]
        assert rows[["task", "split", "metric", "value"]].isna().all(axis=None)
        assert frame.loc[frame["status"] == "ok", "reason"].isna().all()

    def test_a_run_counts_for_the_stage_that_used_it_first(self, record: Record) -> None:
        """Means over the table would otherwise weigh a run by how often it was reused."""
        study_id = start_study(record)
        record.add_results(study_id, CONTEXT, "pairs", [make_result(1), make_result(0)])
        record.add_results(study_id, CONTEXT, "confirm", [make_result(0), make_result(2)])
        first = record.runs_frame(study_id).drop_duplicates("run_id")
        uses = list(zip(first["seed"], first["stage"], strict=True))
        assert uses == [(1, "pairs"), (0, "pairs"), (2, "confirm")]
        every = record.runs_frame(study_id, every_stage=True)
        seeds = every.groupby("stage")["seed"].unique().map(list)
        assert seeds.to_dict() == {"pairs": [1, 0], "confirm": [0, 2]}

    def test_an_empty_frame_has_the_same_columns(self, record: Record) -> None:
        study_id = start_study(record)
        empty = record.runs_frame(study_id)
        record.add_results(study_id, CONTEXT, "pairs", [make_result(0)])
        full = record.runs_frame(study_id)
        assert empty.empty
        assert empty.dtypes.to_dict() == full.dtypes.to_dict()

    # Conclusions: what a search found out is there without searching again.

    def test_affinities_keep_the_latest_of_each_estimator(self, record: Record) -> None:
        study_id = start_study(record)
        assert record.affinities(study_id) == {}
        record.save_affinity(study_id, "pairs", {"estimate": [[None, 0.1]]})
        record.save_affinity(study_id, "lookahead", {"estimate": [[None, 0.3]]})
        record.save_affinity(study_id, "pairs", {"estimate": [[math.nan, 0.2]]})
        assert record.affinities(study_id) == {
            "pairs": {"estimate": [[None, 0.2]]},
            "lookahead": {"estimate": [[None, 0.3]]},
        }

    def test_a_final_grouping_goes_before_a_later_interim_one(self, record: Record) -> None:
        study_id = start_study(record)
        assert record.grouping(study_id) is None
        record.save_grouping(study_id, {"cost": 1.0}, final=False)
        record.save_grouping(study_id, {"cost": 2.0}, final=False)
        assert record.grouping(study_id) == {"cost": 2.0}
        record.save_grouping(study_id, {"cost": 3.0}, final=True)
        record.save_grouping(study_id, {"cost": 4.0}, final=False)
        assert record.grouping(study_id) == {"cost": 3.0}

    def test_events_come_back_in_order(self, record: Record) -> None:
        study_id = start_study(record)
        record.add_event(study_id, "started", {"version": "0.1", "bound": math.inf})
        record.add_event(study_id, "stopped", {"reason": "Zeit ist um, 時間切れ"})
        record.add_event(study_id, "started", {})
        events = record.events(study_id)
        assert [event.kind for event in events] == ["started", "stopped", "started"]
        assert events[0].document == {"version": "0.1", "bound": None}
        assert events[1].document == {"reason": "Zeit ist um, 時間切れ"}
        assert [event.at for event in events] == sorted(event.at for event in events)
        assert [event.document for event in record.events(study_id, kind="stopped")] == [events[1].document]


class DurableRecordSuite(RecordSuite):
    @pytest.fixture
    def url(self) -> Iterator[str]:
        raise NotImplementedError("give the URL of an empty store")

    @pytest.fixture
    def record(self, url: str) -> Iterator[Record]:
        with open_record(url) as record:
            yield record

    def test_a_closed_record_opens_as_it_was(self, url: str) -> None:
        with open_record(url) as record:
            study_id = start_study(record)
            record.add_results(study_id, CONTEXT, "pairs", make_cohort(0))
            before, frame = record.results(CONTEXT), record.runs_frame(study_id)
        with open_record(url, must_exist=True) as record:
            assert record.results(CONTEXT) == before
            pd.testing.assert_frame_equal(record.runs_frame(study_id), frame)

    def test_a_store_without_tables_is_not_set_up_just_to_look(self, url: str) -> None:
        """Asking for the status in the wrong folder must not leave an empty database there."""
        for _ in range(2):
            with pytest.raises(NotFoundError):
                open_record(url, must_exist=True)

    def test_sigkill_at_any_moment_loses_no_cohort_and_splits_none(self, url: str) -> None:
        """A night of training must survive the machine's out-of-memory killer."""
        chance, acknowledged = random.Random(0), set()
        lines_before_the_kill = [1, *(chance.randint(2, 16) for _ in range(3))]  # 1: while it is created
        for round_number, lines in enumerate(lines_before_the_kill):
            with writer(url, first=100 * round_number, count=100) as process:
                say_go(process)
                for _ in range(lines):
                    acknowledged |= cohorts_done(process.stdout.readline())
                process.kill()
                acknowledged |= cohorts_done(*process.stdout)
            with open_record(url) as record:
                found = record.results(CONTEXT).values()
            runs = Counter(result.spec.seed // COHORT_RUNS for result in found)
            assert acknowledged <= runs.keys()
            assert set(runs.values()) <= {COHORT_RUNS}
            assert {len(result.scores) for result in found} <= {len(TASKS) * len(SPLITS)}
        assert acknowledged

    def test_two_processes_open_and_write_at_once(self, url: str) -> None:
        """Two workers that start together may neither fight over creating the tables nor lock each other."""
        with writer(url, first=0, count=8) as one, writer(url, first=2, count=8) as two:
            assert [one.stdout.readline(), two.stdout.readline()] == ["ready\n", "ready\n"]
            say_go(one)
            say_go(two)
            errors = [one.communicate()[1], two.communicate()[1]]
        assert errors == ["", ""]
        assert [one.returncode, two.returncode] == [0, 0]
        expected = {result.spec.key(CONTEXT): result for index in range(10) for result in make_cohort(index)}
        with open_record(url) as record:
            assert record.results(CONTEXT) == expected
            (stored,) = record.studies()
            assert stored.runs_finished == len(expected)
            assert len(record.runs_frame(stored.id, every_stage=True)) == 6 * len(expected)


@contextlib.contextmanager
def writer(url: str, *, first: int, count: int) -> Iterator[subprocess.Popen]:
    command = [sys.executable, Path(record_writer.__file__), url, str(first), str(count)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def say_go(process: subprocess.Popen) -> None:
    process.stdin.write("go\n")
    process.stdin.flush()


def cohorts_done(*lines: str) -> set[int]:
    return {int(line.split()[1]) for line in lines if line.startswith("done")}
