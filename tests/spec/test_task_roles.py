"""What a study may say of tasks that only ride along; all other studies must stay what they were."""

from __future__ import annotations

from typing import Any

import pytest

from taskgroup.errors import InputError
from taskgroup.spec import Study, Task, parse_study

MAIN = {"name": "y", "kind": "regression"}


def study_of(*tasks: dict[str, Any], **sections: Any) -> Study:
    return parse_study({"name": "s", "data": {"source": "t.csv"}, "tasks": [MAIN, *tasks], **sections})


def auxiliary(**settings: Any) -> dict[str, Any]:
    return {"name": "aux", "kind": "binary", "role": "auxiliary", **settings}


def test_a_task_without_a_role_looks_as_it_did():
    """A stored study must not seem changed, nor its runs be trained again, by a key that it does not use."""
    study = study_of({"name": "z", "kind": "binary", "importance": 2.0})
    assert set(study.document()["tasks"][1]) == {
        "name",
        "target",
        "kind",
        "metric",
        "importance",
        "rows",
        "weight",
    }
    assert study.context("rows") == "77cc3ffbb03e84e573b1651c7f663489"


def test_a_study_with_auxiliaries_reads_back():
    """The record keeps studies as documents; what it could not read back could not be resumed."""
    study = study_of(
        auxiliary(adversarial=True),
        {"name": "q", "role": "auxiliary", "derive": {"quantise": "y", "bins": 3}},
        {"name": "i", "role": "auxiliary", "derive": {"inputs": ["a"], "remove": True}},
    )
    assert parse_study(study.document()) == study
    assert parse_study(study.document()).context("rows") == study.context("rows")
    assert [task.kind for task in study.tasks[2:]] == ["multiclass", "regression"]
    assert study.main_names == ("y",)
    assert study.auxiliary_names == ("aux", "q", "i")
    assert study.task("aux").adversarial == 1.0


def test_what_decides_an_auxiliary_decides_the_context():
    """Runs with another auxiliary target must never be taken for each other."""
    variants = [
        study_of(auxiliary()),
        study_of(auxiliary(adversarial=0.5)),
        study_of(auxiliary(adversarial=1)),
        study_of({"name": "aux", "role": "auxiliary", "derive": {"quantise": "y"}}),
        study_of({"name": "aux", "role": "auxiliary", "derive": {"quantise": "y", "bins": 4}}),
        study_of({"name": "aux", "kind": "binary"}),
    ]
    assert len({study.context("rows") for study in variants}) == len(variants)


REFUSED = {
    "importance": (
        auxiliary(importance=1.0),
        "an auxiliary task is never scored, so importance has no meaning",
    ),
    "a metric": (auxiliary(metric="auc"), "an auxiliary task is never scored, so metric has no meaning"),
    "an adversarial main task": ({"name": "z", "kind": "binary", "adversarial": True}, "role: auxiliary"),
    "a derived main task": ({"name": "z", "derive": {"quantise": "y"}}, "derive is for auxiliary tasks"),
    "no way": ({"name": "z", "kind": "binary", "role": "auxiliary", "derive": {}}, "derive takes one of"),
    "two ways": (auxiliary(derive={"inputs": "all", "quantise": "y"}), "both inputs and quantise"),
    "a foreign option": (auxiliary(derive={"ahead": "x", "bins": 3}), "derive.bins does not go with"),
    "the wrong kind": (auxiliary(derive={"quantise": "y"}), "makes no binary task; use multiclass"),
    "no kind": ({"name": "z", "role": "auxiliary", "derive": {"ahead": "x"}}, "'tasks[1].kind' is required"),
    "all inputs removed": (
        {"name": "z", "role": "auxiliary", "derive": {"inputs": "all", "remove": True}},
        "leave no features",
    ),
    "a target of its own": (auxiliary(target="t", derive={"ahead": "x"}), "a derived task has no target"),
    "an unknown task": (
        {"name": "z", "role": "auxiliary", "derive": {"quantise": "w"}},
        "tasks[1].derive.quantise names 'w', which is no regression task",
    ),
    "a wrong role": ({"name": "z", "kind": "binary", "role": "helper"}, "'tasks[1].role' is 'helper'"),
    "inputs by one name": (
        auxiliary(derive={"inputs": "x"}),
        "'tasks[1].derive.inputs' is 'x': give all, or",
    ),
    "no inputs": (auxiliary(derive={"inputs": []}), "'tasks[1].derive.inputs' is []: give all, or a list"),
    "an unknown key": (auxiliary(derive={"ahead": "x", "step": 3}), "tasks[1].derive.step"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused(name):
    """A setting that would be ignored is a misunderstanding that the user never hears of."""
    task, message = REFUSED[name]
    with pytest.raises(InputError) as caught:
        study_of(task)
    assert message in str(caught.value)


def test_somebody_must_be_served():
    """A search of company alone would have nothing to recommend."""
    with pytest.raises(InputError, match="every task is auxiliary"):
        parse_study({"name": "s", "data": {"source": "t.csv"}, "tasks": [auxiliary()]})


def test_an_auxiliary_task_is_not_served_together_with_another():
    """`must_link` is about who serves; `cannot_link` is about who trains, and may name anybody."""
    with pytest.raises(InputError, match=r"must_link\[0\] names 'aux', an auxiliary task"):
        study_of(auxiliary(), grouping={"must_link": [["y", "aux"]]})
    study_of(auxiliary(), grouping={"cannot_link": [["y", "aux"]]})


def test_a_trainer_of_the_users_derives_and_reverses_itself():
    """What only networks trained here can do must not be promised."""
    trainer = {"command": "train {tasks} {out}"}
    document = {"name": "s", "trainer": trainer, "tasks": [MAIN, auxiliary()]}
    assert parse_study(document).auxiliary_names == ("aux",)
    for task in (auxiliary(adversarial=True), auxiliary(kind="multiclass", derive={"quantise": "y"})):
        with pytest.raises(InputError, match="trainer of your own"):
            parse_study({**document, "tasks": [MAIN, task]})


def test_a_quantised_task_is_named_by_task_or_column():
    """Both names stand in the study file, and either is natural."""
    tasks = [Task(name="price", target="eur", kind="regression")]
    document = {"name": "s", "data": {"source": "t.csv"}}
    for name in ("price", "eur"):
        derived = {"name": "band", "role": "auxiliary", "derive": {"quantise": name}}
        parse_study({**document, "tasks": [tasks[0].model_dump(), derived]})
