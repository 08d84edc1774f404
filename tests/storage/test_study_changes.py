"""What a changed study's refusal shows."""

from suites.record_writer import make_study

from taskgroup.storage.changes import study_changes


def test_an_unchanged_study_has_no_changes() -> None:
    document = make_study().document()
    assert study_changes(document, document) == []


def test_budgets_may_change() -> None:
    more = make_study(search={"runs": 7, "time": 60}).document()
    assert study_changes(make_study().document(), more) == []


def test_matched_baselines_may_be_added_later() -> None:
    """They decide nothing, so that a finished search need not be repeated for them."""
    matched = make_study(search={"baseline": "matched"}).document()
    assert study_changes(make_study().document(), matched) == []


def test_linear_models_may_be_left_out_later() -> None:
    """They decide nothing either."""
    without = make_study(search={"linear": False}).document()
    assert study_changes(make_study().document(), without) == []


def test_a_setting_that_came_later_counts_as_its_default() -> None:
    """An upgrade of taskgroup must not refuse every stored study."""
    given = make_study().document()
    older = {**given, "search": {k: v for k, v in given["search"].items() if k != "confirm_seeds"}}
    assert study_changes(older, given) == []


def test_a_setting_that_is_gone_is_shown() -> None:
    given = make_study().document()
    assert study_changes({**given, "ensemble": 3}, given) == ["ensemble: stored 3, given nothing"]


def test_an_added_task_does_not_make_the_others_look_changed() -> None:
    tasks = [{"name": name, "kind": "regression"} for name in ("new", "a", "b", "c")]
    changes = study_changes(make_study().document(), make_study(tasks=tasks).document())
    assert changes == ['tasks: stored ["a", "b", "c"], given ["new", "a", "b", "c"]']


def test_reordered_tasks_are_a_change() -> None:
    """The order names subsets, and a subset of another name is another run."""
    tasks = [{"name": name, "kind": "regression"} for name in ("b", "a", "c")]
    changes = study_changes(make_study().document(), make_study(tasks=tasks).document())
    assert changes == ['tasks: stored ["a", "b", "c"], given ["b", "a", "c"]']


def test_a_list_is_shown_whole() -> None:
    changed = make_study(model={"widths": [32]}).document()
    changes = study_changes(make_study().document(), changed)
    assert changes == ["model.widths: stored [64, 64], given [32]"]


def test_moved_sources_of_tasks_do_not_matter_either():
    """A study whose folder was moved goes on, also where each task has a source."""
    stored = {"data": {"source": {"a": "old/a.csv", "b": "old/b.csv"}}}
    given = {"data": {"source": {"a": "new/a.csv", "b": "new/b.csv"}}}
    assert study_changes(stored, given, same_rows=True) == []
    assert len(study_changes(stored, given)) == 2
