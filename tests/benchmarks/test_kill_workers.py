"""Workers that are killed at random moments of a search cost time, and nothing else."""

from __future__ import annotations

import random

from planted import make_study

from benchmarks.kill_workers import Killer, is_same, largest_difference, page, search


def test_a_search_whose_workers_are_killed_ends_like_one_left_alone(tmp_path):
    """Nothing is lost, nothing recorded twice, and the same networks are recommended."""
    study = make_study(tmp_path, search={"runs": 60}, training={"epochs": 60})
    alone = search(study, f"sqlite:///{tmp_path}/alone.db")
    killer = Killer(random.Random(0), 2, mean_gap_seconds=0.15)  # a cohort that kills thrice is halved
    killed = search(study, f"sqlite:///{tmp_path}/killed.db", killer)
    assert killed.kills > 0
    assert is_same(alone, killed)
    assert largest_difference(alone, killed) == 0.0
    assert "| runs recorded twice | 0 |" in page(alone, killed, 6)
