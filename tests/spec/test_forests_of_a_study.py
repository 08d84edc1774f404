"""Trees and heads at different heights in a study file: wrong ones are refused before anything is trained."""

from __future__ import annotations

import pytest
from planted import document

from taskgroup.errors import InputError
from taskgroup.spec import Study, branch_of, parse_study

NAMES = parse_study(document("memory")).task_names
A, B, C, *REST = NAMES


def searched(kind: object, widths: list[int] | None = None) -> Study:
    model = {"widths": widths or [8, 8, 8]}
    return parse_study(document("memory", model=model, search={"sharing": {"kind": [kind]}}))


def tree(branches: object) -> dict:
    return {"tree": {"branches": branches}}


@pytest.mark.parametrize(
    "branches",
    [
        {1: [[A, B], [C]], 2: [[A], [B], [C]]},
        {0: [[A]], 2: [[A], [B, C]]},
        {1: [[A, B, C]], 3: [[A], [B], [C]]},
        {2: [[name] for name in NAMES]},
    ],
)
def test_nested_parts_are_a_tree(branches):
    """A good tree would be refused."""
    assert searched(tree(branches)).sharings[0].depth == 3


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (tree({1: [[A], [B]], 2: [[A, B]]}), f"parts '{A}' from '{B}' after block 1, but has them together"),
        (tree({1: [[A], [B]], 2: [[A]]}), f"parts '{B}' from '{C}' after block 1, but .* after block 2"),
        (tree({0: [[A, B]], 2: [[B, C]]}), "after block 0, but has them together after block 2"),
        (tree({4: [[A], [B]]}), "after block 4, but there are 3 encoder blocks"),
        (tree({1: [[A, A]]}), "a task stands twice"),
        (tree({1: [["zz"]]}), "names 'zz', which is no task"),
        (tree({1: [[1]]}), "with the names of tasks"),
        (tree({1: []}), "give the parts after a block"),
        (tree({"01": [[A]]}), "give the parts after a block"),
        (tree({1: [[A]], "1": [[A]]}), "each block once"),
        ({"low_supervision": {"attach": {A: 4}}}, f"attaches '{A}' to block 4, but there are 3 encoder"),
        ({"low_supervision": {"attach": {A: 0}}}, "give the number of blocks below each task's head"),
        ({"low_supervision": {"attach": {"zz": 1}}}, "names 'zz', which is no task"),
    ],
)
def test_wrong_settings_are_refused(kind, said):
    """A network other than the one meant would be trained for hours."""
    with pytest.raises(InputError, match=said):
        searched(kind)


def test_tasks_that_no_part_names_form_one_more():
    """A task left out would join a part that it was not meant for."""
    branches = {"1": [[A], [B]]}
    assert [branch_of(branches, 1, name) for name in (A, B, C, *REST)] == [0, 1, *[2] * (1 + len(REST))]
    assert {branch_of(branches, 0, name) for name in NAMES} == {0}
