"""Every setting of a network in what is exported: whoever trains it elsewhere has other defaults."""

from __future__ import annotations

import json

from taskgroup.grouping import Grouping, Network
from taskgroup.reporting import export_grouping
from taskgroup.spec import Method, Sharing, settled

RICH = Network(
    subset=("a", "b"),
    serves=("a",),
    cost=2.0,
    sharing=Sharing('ple {"shared": 2}', 1),
    weighting=Method("static", {"weights": {"a": 0.5, "b": 2.0, "c": 3.0}}).text,
    hyperparameters={
        "learning_rate": 0.01,
        "weight_decay": 0.1,
        "sampling": '{"temperature": 5.0}',
        "distillation": settled("annealed", learning_rate=0.02, weight_decay=0.5),
    },
)
ALONE = Network(("c",), ("c",), 1.0, Sharing("hard", 2), "equal", {"learning_rate": 0.01})


def test_every_setting_is_named():
    """Else the recommended network could not be trained again from the file alone."""
    settings = RICH.settings
    assert settings["sharing"]["shared"] == 2
    assert settings["sharing"]["own"] >= 1  # not given, and named all the same
    assert settings["weighting"] == {"weights": {"a": 0.5, "b": 2.0}}
    assert settings["sampling"] == {"temperature": 5.0, "annealed": False}
    assert settings["distillation"] == {
        "start": 0.0,
        "end": 1.0,
        "unlabelled": False,
        "teacher_learning_rate": 0.02,
        "teacher_weight_decay": 0.5,
    }


def test_a_grouping_with_settings_reads_back_equal():
    grouping = Grouping((RICH, ALONE), cost=3.0, select_total=0.1)
    document = json.loads(json.dumps(grouping.document()))
    assert Grouping.from_document(document) == grouping
    assert "settings" not in document["networks"][1]


def test_a_table_of_groups_has_them_too():
    lines = export_grouping(Grouping((RICH, ALONE), cost=3.0, select_total=0.1), "csv").splitlines()
    assert lines[0].endswith("weight_decay,sampling,distillation,settings")
    assert "teacher_learning_rate" in lines[1]
    assert lines[3].endswith(",,,")


def test_names_of_a_trainers_own_are_no_mistake():
    """A trainer of the user's may be told words that no catalog has."""
    own = Network(("a", "b"), ("a", "b"), 1.0, Sharing("mine", 1), "also_mine", {})
    assert own.settings == {}
