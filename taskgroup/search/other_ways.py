"""The other ways of joint training that a search may give single networks."""

from __future__ import annotations

import itertools
from dataclasses import replace

from taskgroup.search.recipe import Recipe, Recipes, is_tuned
from taskgroup.spec import Method, Study, settled

_MOST_COMBINED = 12


def with_other_ways(recipes: Recipes, study: Study) -> Recipes:
    """Add the ways of sharing, weighting, sampling and teaching, and the lengths, for single networks.

    Learning rate and weight decay are those of `recipes.joint`, so that ways differ in what they are named
    by. All are combined where there are few; else a way differs from `recipes.joint` in one of them.
    Only the strategy `active` measures networks in several ways.

    Args:
        recipes: As tuned; where static weights were tuned, a recipe with the best of them is among them.
        study: Leaves ways open, or not.
    """
    if study.search.strategy != "active":
        return replace(recipes, others=())
    home = recipes.joint
    full = [home]
    if study.search.per_network:
        full = _combined(recipes, study)
        if len(full) > _MOST_COMBINED:
            full = [way for way in full if _n_apart(way, home) <= 1]
    full = [home, *(way for way in full if way != home)]
    short = [replace(way, fidelity=share) for share in dict.fromkeys(study.search.fidelity) for way in full]
    return replace(recipes, others=(*full[1:], *short))


def _combined(recipes: Recipes, study: Study) -> list[Recipe]:
    tuned = [r.weighting for r in recipes.joint_ways if Method.parse(r.weighting).name == "static"]
    weightings: list[str] = []
    for text in dict.fromkeys(study.search.weighting):
        weightings += tuned[:1] if is_tuned(text) else [text]
    teacher = recipes.single
    taught = [
        settled(text, learning_rate=teacher.learning_rate, weight_decay=teacher.weight_decay)
        for text in study.distillations
    ]
    options = study.sharings, weightings, study.samplings, taught
    return [
        replace(recipes.joint, sharing=sharing, weighting=weighting, sampling=sampling, distillation=teachers)
        for sharing, weighting, sampling, teachers in itertools.product(*options)
    ]


def _n_apart(way: Recipe, home: Recipe) -> int:
    """In how many settings two ways differ; the kind of sharing and its depth are one."""
    settings = [(r.sharing, r.weighting, r.sampling, r.distillation) for r in (way, home)]
    return sum(own != other for own, other in zip(*settings, strict=True))
