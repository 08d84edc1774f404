"""`soft`: an encoder for each task, pulled to their mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

from torch import Tensor

from taskgroup.models.sharing.kind import Kind, Outline, of_runs


@final
class Soft(Kind):
    """Copies a_t of the tied blocks under ‖z‖² + (λ/T) Σ_t ‖a_t - z‖², with z the mean network.

    The pull is decoupled from the optimiser, as AdamW's weight decay is. The mean network z takes the AdamW
    step of hard sharing, on the sum of the copies' gradients; each copy takes the step of a separate network;
    then the exact proximal step of the pull at the learning rate η follows:

        a_t ← z + (a_t - z) / (1 + 2 η λ / T)

    λ = 0 is therefore exactly separate networks, and λ = ∞ exactly hard sharing (z and a_t then see the same
    weights and gradients). With plain gradient steps the fixed points in between are those of the penalised
    sum of losses: Σ_t g_t = 0 and g_t = -(2 λ / T)(a_t - z), so that z is the copies' mean. ‖z‖² is the
    run's weight decay, which falls on copies and mean alike.

    A penalty in the loss, as other libraries have it, is rescaled by Adam with the gradients, so that
    neither limit is reached. Duong 2015 pulls pairs together, without a mean.

    Reference:
        Evgeniou, Pontil 2004, sec. 2 (w_t = w_0 + v_t); Ruder 2017, sec. 5.2; Parikh, Boyd 2014, sec. 2.2.
    """

    moves_weights = True
    centred = True

    def __init__(self, outline: Outline, settings: Mapping[str, Any]) -> None:
        super().__init__(outline, settings)
        self._pull = 2.0 * float(settings["strength"]) / outline.n_tasks
        self.moves_weights = self.centred = self._pull > 0

    def moved(  # noqa: D102
        self, level: int, weights: Sequence[Tensor], centres: Sequence[Tensor], rates: Tensor
    ) -> list[Tensor]:
        kept = 1.0 / (1.0 + self._pull * rates)
        return [
            centre + (weight - centre) * of_runs(kept, weight)
            for weight, centre in zip(weights, centres, strict=True)
        ]
