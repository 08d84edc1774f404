"""Limit cases of the kinds of sharing: where a kind is hard sharing or none, it must be exactly that.

Otherwise a kind would seem to help or hurt by how it is computed.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from cases import seed_rows, shapes, spec
from encoder_cases import CASES

from taskgroup.models import SHARINGS
from taskgroup.spec import Sharing
from taskgroup.training import Cohort, Shapes, train_cohort

TASKS = ("class", "size", "weight")
FORMS = ["stacked", "modules"]

EQUAL = [
    ('soft {"strength": Infinity}', 2, "hard", 2),
    ('soft {"strength": Infinity}', 1, "hard", 1),
    ('soft {"strength": 0.0}', 2, "hard", 0),
    ('trace_norm {"strength": 0.0}', 2, "hard", 0),
    ('mmoe {"experts": 1}', 2, "hard", 2),
    ('mmoe {"experts": 1}', 1, "hard", 1),
    ('cgc {"own": 0, "shared": 1}', 2, "hard", 2),
    ('cgc {"own": 0, "shared": 1}', 1, "hard", 1),
    ('cgc {"own": 1, "shared": 0}', 2, "hard", 0),
    ('cgc {"own": 0, "shared": 3}', 2, 'mmoe {"experts": 3}', 2),
    ('ple {"own": 0, "shared": 1}', 2, "hard", 2),
    ('ple {"own": 1, "shared": 0}', 2, "hard", 0),
    ('ple {"own": 2, "shared": 1}', 1, 'cgc {"own": 2, "shared": 1}', 1),
    ("decision", 2, "hard", 2),
    *((kind, 0, "hard", 0) for kind in SHARINGS),
]


def form_of(name: str, encoder: str = "mlp") -> Shapes:
    return shapes() if name == "stacked" else CASES[encoder].shapes()


def scores(sharing: Sharing, how: Shapes, encoder: str = "mlp") -> dict[tuple[str, str], float]:
    run = replace(spec(*TASKS, learning_rate=0.02, weight_decay=0.1), sharing=sharing)
    data = {0: CASES[encoder].rows(0, missing=0.2)}
    (result,) = train_cohort([run], data, how, max_epochs=4)
    assert result.ok, result.reason
    return {(score.task, score.split): score.value for score in result.scores}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("kind", "depth", "as_kind", "as_depth"), EQUAL)
def test_exactly_the_same(kind, depth, as_kind, as_depth, form):
    how = form_of(form)
    expected = scores(Sharing(as_kind, as_depth), how)
    assert scores(Sharing(kind, depth), how) == pytest.approx(expected, rel=1e-7, abs=1e-10)


@pytest.mark.parametrize("encoder", ["cnn", "lstm"])
@pytest.mark.parametrize(("kind", "depth", "as_kind", "as_depth"), EQUAL[:14])
def test_exactly_the_same_on_images_and_texts(kind, depth, as_kind, as_depth, encoder):
    how = form_of("modules", encoder)
    expected = scores(Sharing(as_kind, as_depth), how, encoder)
    assert scores(Sharing(kind, depth), how, encoder) == pytest.approx(expected, rel=1e-7, abs=1e-10)


def gradients(sharing: Sharing, how: Shapes) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Outputs and gradients of the first step."""
    cohort = Cohort([replace(spec(*TASKS), sharing=sharing)], {0: seed_rows(0)}, how)
    x = cohort._feed.epoch(0, progress=0.0).batch(0, 8)[0]
    outputs = cohort.network.forward(x)
    cohort.network.backward(x, torch.linspace(-1, 1, outputs.numel()).double().view(outputs.shape))
    return outputs, {t.name: t.grad.clone() for t in cohort.network.trained}


@pytest.mark.parametrize("kind", ['cross_stitch {"own": 1.0}', 'sluice {"own": 1.0}'])
def test_stitches_start_at_separate_networks(kind):
    """With nothing mixed yet, outputs and the encoders' gradients are those of separate networks."""
    outputs, found = gradients(Sharing(kind, 2), shapes())
    expected_outputs, expected = gradients(Sharing("soft", 0), shapes())  # the same layout, nothing tied
    torch.testing.assert_close(outputs, expected_outputs)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, msg=name)


@pytest.mark.parametrize("form", FORMS)
def test_a_stronger_pull_brings_encoders_together(form):
    """Between the limits, strength must do what it says."""
    spread = []
    for strength in (0.0, 1.0, 100.0, 1e4, float("inf")):
        sharing = Sharing(f'soft {{"strength": {strength}}}'.replace("inf", "Infinity"), 2)
        cohort = Cohort([replace(spec(*TASKS), sharing=sharing)], {0: seed_rows(0)}, form_of(form))
        for epoch in range(6):
            cohort.train_epoch(epoch)
        copies = _copies(cohort)
        spread.append(float((copies - copies[0]).norm()))
    assert spread == sorted(spread, reverse=True)
    assert spread[0] > 0
    assert spread[-1] == 0


@pytest.mark.parametrize("form", FORMS)
def test_a_trace_norm_lowers_the_rank_and_ends_in_zero(form):
    """The penalty counts directions in which encoders differ, and shrinks what they share as well."""
    ranks = []
    for strength in (0.0, 5.0, 1e6):
        sharing = Sharing(f'trace_norm {{"strength": {strength}}}', 2)
        cohort = Cohort([replace(spec(*TASKS), sharing=sharing)], {0: seed_rows(0)}, form_of(form))
        for epoch in range(3):
            cohort.train_epoch(epoch)
        ranks.append(int(torch.linalg.matrix_rank(_copies(cohort), rtol=1e-6)))
    assert ranks == [3, 1, 0]


def _copies(cohort: Cohort) -> torch.Tensor:
    """The first block of each task, [T, P]."""
    trained = {t.name: t.value for t in cohort.network.trained}
    if "weight 0" in trained:
        return torch.cat([trained["weight 0"].flatten(1), trained["bias 0"].flatten(1)], dim=1)
    rows = [
        [value.flatten() for name, value in trained.items() if f"blocks.0.{copy}." in name]
        for copy in range(3)
    ]
    return torch.stack([torch.cat(row) for row in rows])
