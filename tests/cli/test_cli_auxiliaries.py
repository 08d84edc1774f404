"""Auxiliary tasks from the command line: checked, searched, told of, exported."""

from __future__ import annotations

import numpy as np
import pandas as pd
import yaml


def write_study(folder) -> str:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(240, 4))
    signal = np.sin(x[:, 0] + x[:, 1])
    table = pd.DataFrame(x, columns=list("pqrs")).assign(
        y=signal + 0.3 * rng.normal(size=240), hint=signal, site=np.arange(240) % 3
    )
    table.to_csv(folder / "rows.csv", index=False)
    tasks = [
        {"name": "y", "kind": "regression"},
        {"name": "hint", "kind": "regression", "role": "auxiliary"},
        {"name": "site", "kind": "multiclass", "role": "auxiliary", "adversarial": True},
        {"name": "band", "role": "auxiliary", "derive": {"quantise": "y", "bins": 3}},
        {"name": "again", "role": "auxiliary", "derive": {"inputs": "all"}},
    ]
    study = {
        "name": "aux",
        "data": {"source": "rows.csv"},
        "tasks": tasks,
        "model": {"widths": [8]},
        "training": {"epochs": 5, "learning_rate": 0.01, "weight_decay": 0.01},
        "search": {"runs": 40, "seeds": 2, "confirm_seeds": 2},
    }
    (folder / "aux.yaml").write_text(yaml.safe_dump(study))
    return "aux.yaml"


def test_from_check_to_export(taskgroup, tmp_path):
    """Every command must take a study whose tasks are not all served."""
    study = write_study(tmp_path)
    checked = taskgroup("check", study)
    assert checked.code == 0
    assert "auxiliary" in checked.out
    assert [task.get("role") for task in taskgroup("check", study, "--json").json["tasks"]][1:] == [
        "auxiliary"
    ] * 4
    searched = taskgroup("search", study, "--quiet", "--json")
    assert searched.code == 0, searched.err
    assert [n["serves"] for n in searched.json["recommendation"]["networks"]] == [["y"]]
    assert searched.json["affinity"]["tasks"] == ["y"]
    assert searched.json["affinity"]["sources"] == ["y", "hint", "site", "band", "again"]
    again = taskgroup("search", study, "--quiet")
    assert again.code == 0
    assert "uxiliary task" in again.out
    matrix = taskgroup("affinity", "aux")
    assert matrix.code == 0
    assert "again" in matrix.out
    for estimator in ("static", "lookahead"):
        assert taskgroup("affinity", "aux", "--estimator", estimator).code == 0
    assert taskgroup("report", "aux", "-o", "page").code == 0
    assert "Do the auxiliary tasks help?" in (tmp_path / "page" / "index.html").read_text()
    assert taskgroup("export", "aux", "-o", "groups.csv").code == 0
    assert taskgroup("status", "aux").code == 0
