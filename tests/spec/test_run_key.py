"""The key of a run: it decides what is trained again and what is taken from the record."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from taskgroup.spec import RunResult, RunSpec, Sharing

SPEC = RunSpec(("a", "b"), Sharing("hard", 2), "equal", learning_rate=0.003, weight_decay=0.01, seed=0)


def test_the_key_is_the_same_everywhere_and_for_ever():
    """Another text, order or hash would orphan every record that users have."""
    text = (
        '["context", {"fidelity": 1.0, "learning_rate": 0.003, "seed": 0, '
        '"sharing": {"depth": 2, "kind": "hard"}, "subset": ["a", "b"], '
        '"weight_decay": 0.01, "weighting": "equal"}]'
    )
    assert SPEC.key("context") == hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"subset": ("b", "a")},
        {"sharing": Sharing("hard", 1)},
        {"weighting": "uncertainty"},
        {"learning_rate": 0.0030000000000000005},
        {"weight_decay": 0.0},
        {"seed": 1},
        {"fidelity": 0.5},
    ],
)
def test_every_setting_is_in_the_key(change):
    assert replace(SPEC, **change).key("context") != SPEC.key("context")
    assert SPEC.key("another") != SPEC.key("context")


def test_settings_by_name():
    assert SPEC.hyperparameters == {"learning_rate": 0.003, "weight_decay": 0.01}
    assert SPEC.subset_name == "a+b"


def test_only_finished_runs_are_ok():
    assert RunResult(SPEC, "ok").ok
    assert not RunResult(SPEC, "failed", reason="diverged").ok
