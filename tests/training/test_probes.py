"""What a joint training shows: gradients and lookahead as autograd finds them, and the training untouched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from cases import FIRST_ROW, N_OUTPUTS, TASKS, PlainNetwork, plain_loss, seed_rows, shapes, spec

from taskgroup.errors import InputError, RunFailedError
from taskgroup.training import Cohort, Part, linearisation, network_flops, probe_joint_training
from taskgroup.training.probes import SharedBlocks

ALL = tuple(N_OUTPUTS)
WIDTHS = (6, 4)


def look(run, data, batch: Part):
    cohort = Cohort([run], {run.seed: data}, shapes(widths=WIDTHS))
    found = SharedBlocks(cohort, data, shapes(widths=WIDTHS)).look(batch)
    return found.losses, found.products, found.lookahead


def plain_losses(network: PlainNetwork, batch: Part) -> list[torch.Tensor]:
    outputs = network(batch.x.t())
    return [
        plain_loss(
            task,
            outputs[task.name],
            batch.y[FIRST_ROW[task.name] : FIRST_ROW[task.name] + N_OUTPUTS[task.name]].t(),
            batch.labelled[position].bool(),
        )
        for position, task in enumerate(TASKS)
    ]


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_gradients_and_lookahead_are_those_of_autograd(depth, missing):
    run, data = spec(*ALL, depth=depth), seed_rows(0, missing=missing)
    losses, products, after = look(run, data, data.train)
    network = PlainNetwork(run, WIDTHS)
    shared = list(network.shared.parameters())
    expected = plain_losses(network, data.train)
    gradients = [torch.autograd.grad(loss, shared, retain_graph=True) for loss in expected]
    flat = torch.stack([torch.cat([g.flatten() for g in gradient]) for gradient in gradients])
    np.testing.assert_allclose(losses, torch.stack(expected).detach().numpy(), rtol=1e-9)
    np.testing.assert_allclose(products, (flat @ flat.t()).numpy(), rtol=1e-9, atol=1e-14)
    for source, gradient in enumerate(gradients):
        moved = PlainNetwork(run, WIDTHS)
        with torch.no_grad():
            for weight, g in zip(moved.shared.parameters(), gradient, strict=True):
                weight -= run.learning_rate * g
            stepped = torch.stack(plain_losses(moved, data.train)).numpy()
        np.testing.assert_allclose(after[source], stepped, rtol=1e-9)


def test_looking_changes_no_weight():
    run, data = spec(*ALL), seed_rows(0)
    cohort = Cohort([run], {0: data}, shapes())
    before = [layer.weight.clone() for layer in cohort.network.layers]
    SharedBlocks(cohort, data, shapes()).look(data.train)
    assert all(torch.equal(b, layer.weight) for b, layer in zip(before, cohort.network.layers, strict=True))


def test_the_probed_training_is_the_one_that_a_search_does():
    """Else estimates would be about another network than the one that is recommended."""
    run, data = spec(*ALL), seed_rows(0)
    probe = probe_joint_training(run, data, shapes(), max_epochs=3)
    cohort = Cohort([run], {0: data}, shapes())
    for epoch in range(3):
        batch = data.epoch(epoch)
        first = Part(batch.x[:, :8], batch.y[:, :8], batch.labelled[:, :8], batch.complete)
        losses = SharedBlocks(cohort, data, shapes()).look(first).losses
        np.testing.assert_array_equal(probe.losses[2 * epoch], losses)
        cohort.train_epoch(epoch)
    assert probe.epochs == 3
    assert probe.products.shape == probe.lookahead.shape == (6, 5, 5)


def test_small_steps_look_ahead_as_far_as_the_gradient_says():
    run = spec(*ALL, learning_rate=1e-6)
    losses, products, after = look(run, seed_rows(0), seed_rows(0).train)
    np.testing.assert_allclose(losses - after, 1e-6 * products, rtol=1e-4, atol=1e-13)


def test_tasks_without_a_label_in_the_batch_are_not_known():
    data = seed_rows(0)
    batch = replace(data.train, labelled=data.train.labelled.clone(), complete=False)
    batch.labelled[1] = 0.0
    losses, products, after = look(spec(*ALL), data, batch)
    for values in (losses[1], products[1], products[:, 1], after[1], after[:, 1]):
        assert np.isnan(values).all()
    known = [0, 2, 3, 4]
    assert np.isfinite(after[np.ix_(known, known)]).all()


def test_the_same_seed_shows_the_same():
    first, again = (probe_joint_training(spec(*ALL), seed_rows(0), shapes(), max_epochs=2) for _ in range(2))
    np.testing.assert_array_equal(first.lookahead, again.lookahead)
    np.testing.assert_array_equal(
        first.linearised["class"].train.features, again.linearised["class"].train.features
    )


def test_early_stopping_ends_it():
    probe = probe_joint_training(
        spec(*ALL, learning_rate=0.5), seed_rows(0), shapes(), max_epochs=200, patience=2
    )
    assert probe.epochs < 200


def test_nothing_shared_is_refused():
    with pytest.raises(InputError, match="shares no block"):
        probe_joint_training(spec(*ALL, depth=0), seed_rows(0), shapes(), max_epochs=1)


def test_what_was_seen_before_a_divergence_counts_and_nothing_else():
    data = seed_rows(0)
    wild = replace(data, train=replace(data.train, x=data.train.x * torch.inf))
    with pytest.raises(RunFailedError, match="diverged"):
        probe_joint_training(spec(*ALL), wild, shapes(), max_epochs=2)


@pytest.mark.parametrize("depth", [1, 2])
def test_linearised_outputs_move_as_the_network_does(depth, monkeypatch):
    """Along single weights in place of random signs, the features are autograd's derivatives."""
    chosen = [(0, 2, 3), (depth - 1, 1, 0)]  # level, output, input

    def along_single_weights(network, depth, *, seed):
        drawn = []
        for level, block in enumerate(network.blocks[:depth]):
            left, right, bias = (
                torch.zeros(3, n, dtype=torch.float64)
                for n in (*block.weight.shape[1:], block.weight.shape[1])
            )
            for d, (at, o, i) in enumerate(chosen):
                if at == level:
                    left[d, o], right[d, i] = 1.0, 1.0
            if level == 0:
                bias[2, 1] = 1.0
            drawn.append((left, right, bias))
        return drawn

    monkeypatch.setattr(linearisation, "_directions", along_single_weights)
    run, data = spec(*ALL, depth=depth), seed_rows(0, missing=0.3)
    network = Cohort([run], {0: data}, shapes(widths=WIDTHS)).network
    models = linearisation.linearise(network, data, shapes(widths=WIDTHS))
    plain = PlainNetwork(run, WIDTHS)
    rows = data.epoch(0)
    for position, task in enumerate(TASKS):
        x = rows.x[:, rows.labelled[position].bool()].t()
        model = models[task.name].train
        outputs = plain(x)[task.name]
        np.testing.assert_allclose(model.offset, outputs.detach().numpy(), rtol=1e-9)
        for row, column in [(0, 0), (1, N_OUTPUTS[task.name] - 1)]:
            plain.zero_grad()
            plain(x)[task.name][row, column].backward()
            derivatives = [plain.shared[level].weight.grad[o, i] for level, o, i in chosen]
            derivatives.append(plain.shared[0].bias.grad[1])
            np.testing.assert_allclose(
                model.features[row, column], torch.stack(derivatives).numpy(), atol=1e-12
            )


def test_random_directions_keep_inner_products():
    """Over many draws, the products of projected gradients average to the products of the gradients."""
    run, data = spec("size"), seed_rows(0)
    network = Cohort([run], {0: data}, shapes(widths=WIDTHS)).network
    plain = PlainNetwork(run, WIDTHS)
    x = data.epoch(0).x.t()[:2]
    gradients = []
    for row in range(2):
        plain.zero_grad()
        plain(x)["size"][row, 0].backward()
        gradients.append(torch.cat([p.grad.flatten() for p in plain.shared.parameters()]))
    exact = float(gradients[0] @ gradients[1])
    found = []
    for seed in range(200):
        directions = linearisation._directions(network, 2, seed=seed)
        part = linearisation._rows_of(data.epoch(0), ALL.index("size"), shapes(widths=WIDTHS))
        features = linearisation._examples(network, 0, part, directions, shapes(widths=WIDTHS)).features
        found.append(float(features[0, 0] @ features[1, 0]))
    assert np.mean(found) == pytest.approx(exact, abs=4 * np.std(found) / np.sqrt(len(found)))


def test_operations_by_hand():
    """3 inputs, blocks of 4 (shared) and 5 (one a task), heads of 1 and 2 columns: twice the weights."""
    sizes = {"n_inputs": 3, "widths": [4, 5], "n_outputs": {"a": 1, "b": 2}}
    assert network_flops(("a", "b"), 1, **sizes) == 2 * (3 * 4 + 2 * 4 * 5 + 5 * 3)
    assert network_flops(("b",), 0, **sizes) == 2 * (3 * 4 + 4 * 5 + 5 * 2)
