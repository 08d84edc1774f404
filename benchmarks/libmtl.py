"""LibMTL with equal weights or others, where it is installed; the interface of its index release 1.1.5 (2021).

That release trains on the first CUDA device only, calls the `next` method that iterators no longer have, relies
on gradients that are zeroed in place, and imports torchvision for its image models. `_Trainer` changes the first
three, as its repository has since done, and an empty stand-in serves for the third; what happens in a step is LibMTL's own.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
import types
from collections.abc import Iterable, Iterator
from functools import cache, partial
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from benchmarks.case import LEARNING_RATE, Case
from benchmarks.plain import Trained, encoder

WEIGHTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "equal": ("EW", {}),
    "uncertainty": ("UW", {}),
    "dwa": ("DWA", {"T": 2.0}),
    "random": ("RLW", {"dist": "Normal"}),
    "gradnorm": ("GradNorm", {"alpha": 1.5}),
    "pcgrad": ("PCGrad", {}),
    "mgda": ("MGDA", {"mgda_gn": "none"}),
}
"""The class of each weighting, with its settings; that of CAGrad takes three tasks only."""


ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "hard": ("HPS", {}),
    "mmoe": ("MMoE", {"num_experts": [4]}),
    "cgc": ("CGC", {"num_experts": [2, 1, 1, 1, 1, 1, 1, 1, 1]}),
}
"""The class of each kind of sharing for encoders of any form, with as many experts as the kind has here by default."""


def why_not() -> str | None:
    """Why LibMTL cannot be measured here, or None."""
    try:
        _library()
    except ImportError as error:
        return f"LibMTL is not importable ({error})"
    return None


def usual_loop(case: Case, x: Tensor, y: Tensor, x_test: Tensor, y_test: Tensor) -> Trained:
    """As its users run it: a DataLoader over single rows, the test rows after each epoch."""
    train = DataLoader(_Rows(x, y), batch_size=case.batch_size, shuffle=True)
    test = DataLoader(_Rows(x_test, y_test), batch_size=case.batch_size)
    return _train(case, train, test, y.shape[1])


def prebatched_loop(case: Case, x: Tensor, y: Tensor) -> Trained:
    """As fast as it gets: rows shuffled once an epoch and cut into batches, no tests."""
    return _train(case, _Batches(x, y, case.batch_size), [], y.shape[1])


def weighting_loop(case: Case, x: Tensor, y: Tensor, weighting: str) -> Trained:
    """As `prebatched_loop`, with one of `WEIGHTINGS`."""
    return _train(case, _Batches(x, y, case.batch_size), [], y.shape[1], weighting)


def sharing_loop(case: Case, x: Tensor, y: Tensor, kind: str) -> Trained:
    """As `prebatched_loop`, with one of `ARCHITECTURES`."""
    return _train(case, _Batches(x, y, case.batch_size), [], y.shape[1], kind=kind)


def _train(
    case: Case, train: Any, test: Any, n_tasks: int, weighting: str = "equal", kind: str = "hard"
) -> Trained:
    torch.manual_seed(0)
    library = _library()
    names = [str(t) for t in range(n_tasks)]
    weighting_class, weight_args = WEIGHTINGS[weighting]
    architecture, arch_args = ARCHITECTURES[kind]
    tasks = {
        name: {
            "metrics": ["MSE"],
            "metrics_fn": library.metric(),
            "loss_fn": library.loss(),
            "weight": [0],
        }
        for name in names
    }
    with contextlib.redirect_stdout(io.StringIO()):  # it prints a table an epoch
        trainer = library.trainer(
            task_dict=tasks,
            weighting=getattr(library.weightings, weighting_class),
            architecture=getattr(library.architectures, architecture),
            encoder_class=lambda: encoder(case),
            decoders=nn.ModuleDict({name: nn.Linear(case.widths[-1], 1) for name in names}),
            rep_grad=False,
            multi_input=False,
            optim_param={"optim": "adam", "lr": LEARNING_RATE},  # it has no AdamW
            scheduler_param=None,
            weight_args=weight_args,
            arch_args={"img_size": [case.n_features], **arch_args},
        )
        trainer.train(train, test, case.epochs)
    return Trained(_Stacked(trainer.model, names), case.epochs * len(train))


class _Rows(Dataset[tuple[Tensor, dict[str, Tensor]]]):
    def __init__(self, x: Tensor, y: Tensor) -> None:
        self._x, self._y = x, y

    def __len__(self) -> int:
        return len(self._x)

    def __getitem__(self, row: int) -> tuple[Tensor, dict[str, Tensor]]:
        return self._x[row], {str(t): self._y[row, t : t + 1] for t in range(self._y.shape[1])}


class _Batches:
    def __init__(self, x: Tensor, y: Tensor, batch_size: int) -> None:
        self._x, self._y, self._size = x, y, batch_size

    def __len__(self) -> int:
        return -(-len(self._x) // self._size)

    def __iter__(self) -> Iterator[tuple[Tensor, dict[str, Tensor]]]:
        order = torch.randperm(len(self._x))
        for x, y in zip(*(torch.split(t[order], self._size) for t in (self._x, self._y)), strict=True):
            yield x, {str(t): y[:, t : t + 1] for t in range(y.shape[1])}


class _Stacked(nn.Module):
    """LibMTL's model with its outputs side by side."""

    def __init__(self, model: nn.Module, names: Iterable[str]) -> None:
        super().__init__()
        self._model, self._names = model, list(names)

    def forward(self, x: Tensor) -> Tensor:
        outputs = self._model(x)
        return torch.cat([outputs[name] for name in self._names], dim=1)


@cache
def _library() -> types.SimpleNamespace:
    """LibMTL's classes with what 1.1.5 needs to run without CUDA on this Python."""
    with _stand_in_for_torchvision():
        names = ["_record", "architecture", "loss", "metrics", "trainer", "weighting"]
        record, architecture, loss, metrics, trainer, weighting = (
            cast(Any, importlib.import_module(f"LibMTL.{name}")) for name in names
        )

    class _Loss(loss.AbsLoss):  # type: ignore[misc,name-defined]
        def compute_loss(self, pred: Tensor, gt: Tensor) -> Tensor:
            return nn.functional.mse_loss(pred, gt)

    class _Metric(metrics.AbsMetric):  # type: ignore[misc,name-defined]
        def update_fun(self, pred: Tensor, gt: Tensor) -> None:
            self.record.append(nn.functional.mse_loss(pred, gt).item())
            self.bs.append(len(pred))

        def score_fun(self) -> list[float]:
            return [sum(r * n for r, n in zip(self.record, self.bs, strict=True)) / sum(self.bs)]

    class _Trainer(trainer.Trainer):  # type: ignore[misc,name-defined]
        def __init__(self, task_dict: Any, multi_input: bool, rep_grad: bool, **options: Any) -> None:
            nn.Module.__init__(self)
            self.device = torch.device("cpu")
            self.kwargs = {name: options[name] for name in ("weight_args", "arch_args")}
            self.task_dict, self.task_num, self.task_name = task_dict, len(task_dict), list(task_dict)
            self.rep_grad, self.multi_input = rep_grad, multi_input
            self._prepare_model(
                *(options[n] for n in ("weighting", "architecture", "encoder_class", "decoders"))
            )
            if hasattr(self.model, "encoder"):
                encoder = self.model.encoder
                self.model.zero_grad_share_params = partial(encoder.zero_grad, set_to_none=False)
            self._prepare_optimizer(options["optim_param"], options["scheduler_param"])
            self.meter = record._PerformanceMeter(self.task_dict, self.multi_input)

        def _process_data(self, loader: list[Any]) -> tuple[Tensor, dict[str, Tensor]]:
            try:
                data, label = next(loader[1])
            except StopIteration:
                loader[1] = iter(loader[0])
                data, label = next(loader[1])
            return data.to(self.device), {task: label[task].to(self.device) for task in self.task_name}

        def test(self, test_dataloaders: Any, epoch: int | None = None, mode: str = "test") -> None:
            if len(test_dataloaders):
                super().test(test_dataloaders, epoch, mode)

    return types.SimpleNamespace(
        trainer=_Trainer,
        weightings=weighting,
        architectures=architecture,
        loss=_Loss,
        metric=_Metric,
    )


@contextlib.contextmanager
def _stand_in_for_torchvision() -> Iterator[None]:
    """Let `LibMTL/__init__.py` import its image models, of which none is used here."""
    names = ["torchvision", "torchvision.models", "torchvision.models.utils"]
    missing = [name for name in names if name not in sys.modules]
    for name in missing:
        module = types.ModuleType(name)
        module.__dict__.update(load_state_dict_from_url=None, __path__=[])
        sys.modules[name] = module
    try:
        yield
    finally:
        for name in missing:
            sys.modules.pop(name, None)
