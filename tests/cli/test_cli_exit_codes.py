"""Exit codes and complaints: 0 done, 1 failed, 2 bad input, 3 some runs failed, 130 interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import yaml
from planted import write_study

from taskgroup.executors import InlineExecutor
from taskgroup.spec import RunResult, RunSpec
from taskgroup.storage import open_record

MAIN = [sys.executable, "-c", "from taskgroup.cli import main; main()"]
COMMANDS = ["init", "check", "search", "status", "affinity", "group", "report", "export", "list"]


class TestBadUsage:
    @pytest.mark.parametrize(
        ("words", "complaint"),
        [
            (["serach", "x.yaml"], "no command 'serach'; did you mean 'search'?"),
            (["search", "x.yaml", "--run", "5"], "--runs"),
            (["search"], "STUDY.yaml"),
            (["search", "x.yaml", "--runs", "many"], "'many'"),
            (["search", "x.yaml"], "'x.yaml' does not exist"),
            (["check", "x.yaml"], "'x.yaml' does not exist"),
            (["search", "planted.yaml", "--device", "gpu"], "'gpu'"),
            (["search", "planted.yaml", "--runs", "3"], "search.runs is 3"),
            (["search", "planted.yaml", "--time", "soon"], "'soon'"),
            (["search", "planted.yaml", "--seeds", "0"], "search.seeds"),
            (["search", "planted.yaml", "--groups", "0"], "grouping.max_groups"),
            (["search", "planted.yaml", "--groups", "2", "--budget", "2"], "not both"),
            (["search", "planted.yaml", "--budget", "0.5"], "grouping.budget is 0.5"),
            (["search", "planted.yaml", "--workers", "0"], "workers is 0"),
            (["search", "planted.yaml", "--storage", "nonsense"], "'nonsense' is no database URL"),
            (["status", "planted"], "there is no storage"),
            (["list"], "there is no storage"),
            (["affinity", "planted", "--storage", "sqlite:///gone.db"], "there is no storage"),
            (["affinity", "planted", "--estimator", "magic"], "'magic'"),
            (["export", "planted", "--format", "xml"], "'xml'"),
            (["group", "gone.csv", "--select", "loss_{task}"], "gone.csv"),
        ],
    )
    def test_it_exits_with_2_names_the_fix_and_writes_nothing(self, taskgroup, tmp_path, words, complaint):
        write_study(tmp_path)
        before = set(tmp_path.iterdir())
        ended = taskgroup(*words)
        assert ended.code == 2
        assert complaint in ended.err
        assert ended.out == ""
        assert "Traceback" not in ended.err
        assert set(tmp_path.iterdir()) == before

    @pytest.mark.parametrize("command", ["status", "affinity", "report", "export"])
    def test_unknown_studies_name_the_nearest(self, taskgroup, finished, command):
        ended = taskgroup(command, "plantd", "--storage", finished.storage)
        assert ended.code == 2
        assert "'plantd'; did you mean 'planted'?" in ended.err

    @pytest.mark.parametrize("suffix", ["txt", ""])
    def test_unknown_export_formats_name_the_known(self, taskgroup, finished, suffix):
        ended = taskgroup("export", "planted", "--storage", finished.storage, "-o", f"groups.{suffix}")
        assert ended.code == 2
        assert "json" in ended.err

    def test_a_wrong_column_names_the_nearest(self, taskgroup, tmp_path):
        path = write_study(tmp_path)
        document = yaml.safe_load(path.read_text())
        document["tasks"][0]["target"] = "X0"
        path.write_text(yaml.safe_dump(document))
        ended = taskgroup("search", path)
        assert ended.code == 2
        assert "tasks[0].target" in ended.err
        assert "'X0' is no column" in ended.err
        assert "did you mean 'x0'" in ended.err


class TestFailures:
    def test_runs_that_all_fail_exit_with_1_and_the_reason(self, taskgroup, tmp_path):
        training = {"learning_rate": 10.0, "weight_decay": 10.0}
        ended = taskgroup("search", write_study(tmp_path, training=training), "--quiet")
        assert ended.code == 1
        assert "learning rate 10" in ended.err
        assert ended.out == ""
        status = taskgroup("status", "planted", "--json").json
        assert status["runs_finished"] == 0
        assert status["runs_failed"] > 0
        assert not status["finished"]

    def test_some_failed_runs_exit_with_3_and_are_told(self, taskgroup, tmp_path, monkeypatch):
        """A script that only looks for 0 must not take an incomplete search for a complete one."""
        monkeypatch.setattr("taskgroup.session.InlineExecutor", Unlucky)
        study = write_study(tmp_path, training={"epochs": 2})
        ended = taskgroup("search", study, "--json", "--quiet")
        assert ended.code == 3
        assert ended.json["runs_failed"] == 2
        assert ended.json["recommendation"]["networks"]
        assert any("2 runs failed" in note for note in ended.json["notes"])
        assert taskgroup("status", "planted", "--json").json["runs_failed"] == 2

    def test_nothing_finished_yet_is_said(self, taskgroup, tmp_path):
        training = {"learning_rate": 10.0, "weight_decay": 10.0}
        taskgroup("search", write_study(tmp_path, training=training), "--quiet")
        ended = taskgroup("report", "planted")
        assert ended.code == 2
        assert "no finished run" in ended.err


class Unlucky:
    """An executor in which every run of a and c fails."""

    def __init__(self, trainer) -> None:
        self._inner = InlineExecutor(trainer)
        self.pack, self.close = self._inner.pack, self._inner.close

    def train(self, cohorts: Sequence[Sequence[RunSpec]]) -> Iterator[list[RunResult]]:
        for results in self._inner.train(cohorts):
            yield [
                RunResult(result.spec, "failed", reason="out of luck")
                if result.spec.subset == ("a", "c")
                else result
                for result in results
            ]


def hear_interrupts() -> None:
    """A shell starts background jobs deaf to Ctrl-C, and their children inherit it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class TestInterruption:
    def test_ctrl_c_exits_with_130_and_keeps_what_is_finished(self, taskgroup, tmp_path):
        study = write_study(tmp_path, training={"epochs": 300}, search={"runs": 400, "seeds": 20})
        words = [*MAIN, "search", str(study)]
        with subprocess.Popen(
            words,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=hear_interrupts,
        ) as search:
            wait_for("pairs", search)
            search.send_signal(signal.SIGINT)
            out, err = search.communicate()
        assert search.returncode == 130
        assert out == ""
        assert "every finished run is kept" in err
        assert "Traceback" not in err
        with open_record(f"sqlite:///{tmp_path / 'taskgroup.db'}") as record:
            stored = record.study_named("planted")
        assert stored.runs_finished >= 5 * 20
        assert "not finished" in taskgroup("status", "planted").out


def wait_for(word: str, process: subprocess.Popen[str]) -> None:
    """Read stderr up to a line that begins with the word."""
    assert process.stderr is not None
    assert any(line.startswith(word) for line in process.stderr), f"{word!r} never came"


class TestHelp:
    @pytest.mark.parametrize("words", [[], *([command] for command in COMMANDS)])
    def test_every_command_explains_itself(self, taskgroup, words):
        ended = taskgroup(*words, "--help")
        assert ended.code == 0
        assert "Usage: taskgroup" in ended.out

    def test_help_lists_every_command(self, taskgroup):
        out = taskgroup("--help").out
        assert all(f"  {command} " in out for command in COMMANDS)

    def test_help_waits_for_no_heavy_library(self):
        """It answers at once; torch, pandas or plotly would take seconds."""
        program = (
            "import contextlib, io, sys\n"
            "from taskgroup.cli import main\n"
            f"for words in [[], *([c] for c in {COMMANDS})]:\n"
            "    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
            "        main([*words, '--help'])\n"
            "heavy = {'torch', 'pandas', 'plotly', 'optuna', 'sklearn', 'scipy', 'sqlalchemy'}\n"
            "print(*heavy & set(sys.modules))"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert done.stdout.split() == []

    def test_the_version_is_shown(self, taskgroup):
        assert taskgroup("--version").out.startswith("taskgroup, version 0.")

    def test_the_installed_command_is_there(self):
        command = Path(sys.executable).with_name("taskgroup")
        if not command.exists():
            pytest.skip("the package is not installed beside this interpreter")
        assert subprocess.run([command, "--version"], capture_output=True, check=False).returncode == 0
