"""Where teachers come from: the same student, whether their weights were kept, lost or damaged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from own_rows_cases import POSITION, OneStream, dataset_of
from own_rows_cases import study as own_rows_study
from planted import TASKS, make_study, planted_table
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from taskgroup.data import Dataset, dataset_from_table, load_dataset
from taskgroup.errors import InputError
from taskgroup.spec import RunResult, RunSpec, Sharing, Study, parse_study, settled, teachers_of
from taskgroup.training import Cohort, KeptWeights, Trainer, own_rows_data
from taskgroup.training.teacher_networks import TeacherNetworks
from taskgroup.training.teachers import in_teaching_order

SETTINGS = {"learning_rate": 0.01, "weight_decay": 0.01}
EASY = planted_table(n_rows=120, noise=0.1)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    return make_study(
        tmp_path_factory.mktemp("teachers"),
        table=EASY,
        training={"epochs": 6, "precision": "float64", "patience": 2},
    )


@pytest.fixture(scope="module")
def dataset(study) -> Dataset:
    return load_dataset(study)


def run(*subset: str, text: str = "annealed", seed: int = 0, **settings: Any) -> RunSpec:
    taught = settled(text, **SETTINGS)
    given = {"distillation": taught, **SETTINGS, **settings}
    return RunSpec(subset or TASKS, Sharing("hard", 1), "equal", seed=seed, **given)


def teachers(spec: RunSpec) -> list[RunSpec]:
    return list(teachers_of(spec, n_blocks=1).values())


def values(result: RunResult) -> list[float]:
    assert result.ok, result.reason
    return [score.value for score in result.scores]


def test_teachers_are_the_baselines_of_a_search():
    """Others would be runs that nobody has paid for."""
    student = run("a", "b", seed=3, fidelity=0.5, capacity=0.5)
    single = [RunSpec((task,), Sharing("hard", 1), "equal", **SETTINGS, seed=3) for task in ("a", "b")]
    assert teachers(student) == single
    assert teachers(replace(student, distillation="")) == []


def test_kept_lost_and_damaged_weights_give_the_same_student(study, dataset, tmp_path):
    """A deleted folder would otherwise change what a search finds."""
    student, kept = run(), KeptWeights(tmp_path / "w", "teachers")
    (expected,) = Trainer(study, dataset).train([student])
    Trainer(study, dataset, weights=kept).train(teachers(student))
    files = sorted(kept.folder.iterdir())
    assert len(files) == len(TASKS)
    found = {"kept": values(*Trainer(study, dataset, weights=kept).train([student]))}
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:100])
    other = dict(load_file(files[2]))
    other["heads.0.weight"] = torch.zeros(1, 3)
    save_file(other, files[2], {"key": files[2].stem})
    files[3].write_bytes(b"")
    found["damaged"] = values(*Trainer(study, dataset, weights=kept).train([student]))
    assert len(list(kept.folder.iterdir())) == len(TASKS)  # written again
    found["mended"] = values(*Trainer(study, dataset, weights=kept).train([student]))
    for name, scores in found.items():
        assert scores == pytest.approx(values(expected), rel=1e-9), name


def test_kept_teachers_are_not_trained_again(study, dataset, tmp_path, monkeypatch):
    """Each student would cost its teachers once more."""
    kept = KeptWeights(tmp_path / "w", "teachers")
    Trainer(study, dataset, weights=kept).train(teachers(run()))
    trainer, asked = Trainer(study, dataset, weights=kept), []
    monkeypatch.setattr(trainer, "_train_teachers", asked.append)
    monkeypatch.setattr(trainer._teachers, "_train", asked.append)
    assert trainer.train([run(), run("a", "b", text="fixed")])[0].ok
    assert not asked


def test_nobody_teaches_an_auxiliary(study, tmp_path):
    """An auxiliary is never trained alone; a run beside it would fail, or wait for a run without a score."""
    document = study.document()
    first, *others = document["tasks"]
    auxiliary = {k: v for k, v in first.items() if k not in ("importance", "metric")} | {"role": "auxiliary"}
    riding = parse_study({**document, "tasks": [auxiliary, *others]})
    kept = KeptWeights(tmp_path / "w", "teachers")
    (result,) = Trainer(riding, load_dataset(riding), weights=kept).train([run()])
    assert result.ok
    assert len(list(kept.folder.iterdir())) == len(TASKS) - 1


def test_the_best_epoch_teaches(study, dataset, tmp_path):
    """With early stopping the last epoch is one that validation has refused."""
    kept = KeptWeights(tmp_path / "w", "single")
    teacher = replace(run("a"), distillation="", learning_rate=0.5)
    (result,) = Trainer(study, dataset, weights=kept).train([teacher])
    networks = TeacherNetworks(study, dataset, Trainer(study, dataset)._shapes)
    trainer = Trainer(study, dataset)
    data = trainer._seed(0)
    weights = kept.read(teacher.key(study.context(dataset.fingerprint)))
    said = networks.ask(teacher, weights, replace(data, train=data.scored["test"]))
    y = data.scored["test"].y[0]
    r2 = 1.0 - ((said[0] - y) ** 2).mean() / y.var(correction=0)
    assert float(r2) == pytest.approx(result.scores[1].value, rel=1e-9)


def test_a_teacher_that_diverges_fails_its_students_alone(study, dataset):
    """The rest of the cohort must not be lost, and the reason must be told."""
    bad = replace(run(), distillation=settled("annealed", learning_rate=1.0, weight_decay=1e300))
    failed, good, other = Trainer(study, dataset).train([bad, run("a", "b"), replace(run(), distillation="")])
    assert (failed.status, good.status, other.status) == ("failed", "ok", "ok")
    assert "the teacher of task 'a' failed: the weights stopped being finite" in str(failed.reason)


def test_runs_that_teach_come_first(study, dataset):
    """A student that is trained before its teacher has it trained twice."""
    student, single = run(), teachers(run())
    cohorts = Trainer(study, dataset).pack([student, replace(student, distillation=""), *single])
    place = {spec: i for i, cohort in enumerate(cohorts) for spec in cohort}
    assert all(place[teacher] < place[student] for teacher in single)
    assert in_teaching_order([student, single[0], run(seed=1)], n_blocks=1)[0] == [single[0]]
    mixed = [student, replace(student, distillation="")]
    assert in_teaching_order(mixed, n_blocks=1) == [mixed]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("annealed", "does not say what its teachers are trained with"),
        ("aneal", "distillation 'aneal'; did you mean 'annealed'"),
    ],
)
def test_what_is_not_settled_is_refused(study, dataset, text, said):
    """A run must be determined by its spec, or its key would name several."""
    for ask in (Trainer(study, dataset).pack, Trainer(study, dataset).train):
        with pytest.raises(InputError, match=said):
            ask([replace(run(), distillation=text)])


def test_a_taught_run_can_be_probed(study, dataset):
    """Estimators look at the joint run of a search, whose way may be to be taught."""
    probe, plain = (Trainer(study, dataset).probe(r) for r in (run(), replace(run(), distillation="")))
    assert np.array_equal(probe.losses, plain.losses)


def test_what_is_kept_reads_back(study, dataset, tmp_path):
    """Kept weights are for use elsewhere too: any reader of safetensors, with the run in the metadata."""
    kept = KeptWeights(tmp_path / "w", "all")
    member = replace(run("a", "c"), distillation="")
    Trainer(study, dataset, weights=kept).train([member, run("b", "d", fidelity=0.5)])
    assert len(list(kept.folder.iterdir())) == 4  # the two, and the two teachers
    key = member.key(study.context(dataset.fingerprint))
    with safe_open(kept.folder / f"{key}.safetensors", framework="pt") as file:
        assert file.metadata()["key"] == key
        assert '"subset": ["a", "c"]' in file.metadata()["run"]
    names = ["heads.0.bias", "heads.0.weight", "heads.1.bias", "heads.1.weight"]
    assert sorted(kept.read(key)) == [*names, "nodes.0.0.linear.bias", "nodes.0.0.linear.weight"]
    assert kept.read("0" * 32) is None


@pytest.mark.parametrize(("whose", "n_kept"), [("none", 0), ("teachers", 1), ("single", 2), ("all", 3)])
def test_only_what_is_asked_for_is_kept(study, dataset, tmp_path, whose, n_kept):
    """A search of thousands of runs would fill the disk."""
    kept = KeptWeights(tmp_path / "w", whose)
    members = [replace(run(*subset), distillation="") for subset in (("a",), ("a", "b"))]
    trainer = Trainer(study, dataset, weights=kept)
    trainer.train(members)
    trainer.train([replace(members[0], fidelity=0.5)])
    assert (len(list(kept.folder.iterdir())) if kept.folder.exists() else 0) == n_kept


def test_a_folder_that_cannot_be_written_to_is_named(study, dataset, tmp_path):
    """An hour's training would end in a traceback."""
    (tmp_path / "file").write_text("")
    trainer = Trainer(study, dataset, weights=KeptWeights(tmp_path / "file", "all"))
    with pytest.raises(InputError, match=r"weights cannot be kept in .*file"):
        trainer.train([replace(run("a"), distillation="")])


def test_teachers_of_own_rows_speak_of_their_own_rows():
    """Streams are standardised each by itself; in the student's numbers a teacher would talk nonsense."""
    described = own_rows_study()
    dataset = dataset_of(described)
    trainer = Trainer(described, dataset)
    data = own_rows_data(described, dataset, 0, dtype=torch.float64, device="cpu")
    teacher = RunSpec(("size",), Sharing("hard", 2), "equal", **SETTINGS, seed=0)
    cohort = Cohort([teacher], {0: data}, trainer._shapes)
    cohort.train_epoch(0)
    said = TeacherNetworks(described, dataset, trainer._shapes).ask(teacher, cohort.weights(0), data)
    own, position = data.train.rows[POSITION["size"]], POSITION["size"]
    stream = OneStream(teacher, data, trainer._shapes, n_epochs=3)._part(data.train, own)
    expected = cohort.network.evaluate(stream.x.unsqueeze(0))[0]
    torch.testing.assert_close(said[:, own], expected, rtol=1e-9, atol=1e-11)
    others = np.setdiff1d(np.arange(data.train.n_rows), data.train.rows[position])
    assert said.shape == (1, data.train.n_rows)
    assert not said[:, others].any()


def test_tasks_with_rows_of_their_own_are_taught_too():
    """A cohort of taught and other runs on their own rows must be its runs alone."""
    described = own_rows_study()
    dataset = dataset_of(described)
    subset = ("class", "size", "tags")
    taught = replace(run(*subset), sharing=Sharing("hard", 1))
    nothing = replace(taught, distillation=settled('fixed {"weight": 1.0}', **SETTINGS))
    plain, other = replace(taught, distillation=""), replace(taught, sharing=Sharing("hard", 2))
    found = Trainer(described, dataset).train([taught, nothing, plain, other])
    alone = [Trainer(described, dataset).train([spec])[0] for spec in (taught, nothing, plain, other)]
    for one, single in zip(found, alone, strict=True):
        assert values(one) == pytest.approx(values(single), rel=1e-7)
    assert values(found[1]) == pytest.approx(values(found[2]), rel=1e-9)
    assert values(found[0]) != pytest.approx(values(found[2]), rel=1e-3)
    with pytest.raises(InputError, match="unlabelled: true, but here each task has rows of its own"):
        Trainer(described, dataset).pack([replace(taught, distillation=settled(UNLABELLED, **SETTINGS))])


UNLABELLED = 'annealed {"unlabelled": true}'


def _labels(rng: np.random.Generator, signal: np.ndarray) -> dict[str, np.ndarray]:
    high = signal + 0.1 * rng.normal(size=len(signal))
    return {"odd": (signal > 0).astype(int), "high": np.where(rng.random(len(signal)) < 0.5, np.nan, high)}


def images() -> tuple[dict[str, Any], dict[str, Any]]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 16))
    return {f"p{i}": x[:, i] for i in range(16)} | _labels(rng, x[:, 5]), {"image": {"size": [4, 4]}}


def texts() -> tuple[dict[str, Any], dict[str, Any]]:
    rng = np.random.default_rng(0)
    words = np.array(["good", "bad", "film", "book", "long", "short"])
    chosen = [words[rng.integers(0, 6, 5)] for _ in range(60)]
    signal = np.array([(c == "good").sum() - (c == "bad").sum() for c in chosen]) + 0.5 * rng.normal(size=60)
    table = {"text": np.array([" ".join(c) for c in chosen], dtype=object)}
    return table | _labels(rng, signal), {"text": {"column": "text", "max_tokens": 6, "min_count": 1}}


@pytest.mark.parametrize(("rows", "encoder"), [(images, "cnn"), (texts, "lstm"), (texts, "embedding_bag")])
def test_module_encoders_teach_from_their_files(tmp_path, rows, encoder):
    """Teachers of images and texts are other networks; kept or lost, they must say the same."""
    table, data = rows()
    described = parse_study(
        {
            "name": "modules",
            "data": {"source": "memory", **data},
            "tasks": [{"name": "odd", "kind": "binary"}, {"name": "high", "kind": "regression"}],
            "model": {"encoder": encoder, "widths": [4]},
            "training": {"epochs": 3, "batch_size": 16, "precision": "float64"},
        }
    )
    dataset = dataset_from_table(table, described)
    student = replace(run("odd", "high"), distillation=settled(UNLABELLED, **SETTINGS))
    kept = KeptWeights(tmp_path / "w", "teachers")
    (fresh,) = Trainer(described, dataset, weights=kept).train([student])
    assert len(list(kept.folder.iterdir())) == 2
    (again,) = Trainer(described, dataset, weights=kept).train([student])
    (plain,) = Trainer(described, dataset).train([replace(student, distillation="")])
    assert values(again) == pytest.approx(values(fresh), rel=1e-9)
    assert values(plain) != pytest.approx(values(fresh), rel=1e-6)
