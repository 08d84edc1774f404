"""The network of one run that shares by a kind in columns, as plain modules: any encoder, any head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import cast, final

import torch
from torch import Tensor, nn

from taskgroup.errors import InputError
from taskgroup.models.encoder import Encoder
from taskgroup.models.run_network import HeadMaker, linear_head
from taskgroup.models.sharing.catalog import make_kind
from taskgroup.models.sharing.heads import plan_heads
from taskgroup.models.sharing.kind import Extra, Outline
from taskgroup.spec import RunSpec


@final
class ColumnsNetwork(nn.Module):
    """Copies of an encoder's blocks, tied as the run's kind of sharing says.

    Args:
        run: Tasks, sharing, seed and learning rate.
        encoder: Builds the blocks.
        n_outputs: Output columns of every task.
        kinds: Kind of every task, for kinds of sharing whose heads depend on it.
        make_head: Builds the heads.
    """

    def __init__(
        self,
        run: RunSpec,
        encoder: Encoder,
        n_outputs: Mapping[str, int],
        kinds: Mapping[str, str],
        make_head: HeadMaker = linear_head,
    ) -> None:
        super().__init__()
        self._outline = Outline(len(run.subset), run.sharing.depth, encoder.shapes, encoder.reads_tokens)
        self._kind = make_kind(run.sharing, self._outline)
        self._frozen, self._rate = encoder.frozen, run.learning_rate
        self._refuse_what_cannot_be_mixed(encoder.name)
        self._extra_facts = self._kind.extras()
        self.blocks = self._initial_blocks(run, encoder)
        self.extras = nn.ParameterDict(
            {
                _row_name(extra.name, row): nn.Parameter(torch.tensor(values))
                for extra in self._extra_facts
                for row, values in enumerate(extra.start(run.seed, run.subset))
            }
        )
        self.centres = nn.ModuleList()
        if self._kind.centred:
            self.centres.extend(self._centre(level) for level in self._tied)
        plan = plan_heads(run.subset, n_outputs, kinds, shared=self._kind.shares_heads)
        self._head_of = [sorted(set(plan.first)).index(first) for first in plan.first]
        self.heads = nn.ModuleList(
            make_head(run.seed, plan.name[first], encoder.n_features, n_outputs[run.subset[first]])
            for first in sorted(set(plan.first))
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map a batch of inputs [B, ...] to each task's outputs, [B, K]."""
        kind = self._kind
        seen = [self._stacked([x])] if kind.mixes else []
        columns = [x]
        for level, copies in enumerate(self.blocks):
            columns = _applied(list(copies), columns)  # type: ignore[call-overload]
            if kind.mixes and kind.is_tied(level):
                mixed = kind.mixed(level, [*seen, self._stacked(columns)], self._extras)
                seen.append(mixed)
                columns = self._apart(mixed)
        columns = columns * self._outline.n_tasks if len(columns) == 1 else columns
        return [self.heads[head](features) for head, features in zip(self._head_of, columns, strict=True)]

    def after_step(self) -> None:
        """Draw the copies of tied blocks together, as the kind says."""
        if not self._kind.moves_weights:
            return
        rates = torch.tensor([self._rate], dtype=torch.float64)
        for place, level in enumerate(self._tied):
            parts = _side_by_side(self._copies(level))
            if not parts:
                continue
            centres = _side_by_side([self.centres[place]]) if self._kind.centred else []
            stacked = [torch.stack([p.detach() for p in part]).unsqueeze(0) for part in parts]
            middle = [centre[0].detach()[None, None] for centre in centres]
            moved = self._kind.moved(level, stacked, middle, rates.to(stacked[0]))
            for part, values in zip(parts, moved, strict=True):
                torch._foreach_copy_([p.detach() for p in part], list(values[0]))

    def is_shared(self, name: str) -> bool:
        """Whether the outputs of more than one task depend on a parameter, by its name."""
        part, _, rest = name.partition(".")
        if part == "blocks":
            level, copy = map(int, rest.split(".")[:2])
            return len(self._kind.copies(level)[copy].tasks) > 1
        if part == "heads":
            return self._head_of.count(int(rest.split(".")[0])) > 1
        if part == "centres":
            return self._outline.n_tasks > 1
        extra, row = self._extra_of(rest)
        return len(extra.tasks[row]) > 1

    def decays(self, name: str) -> bool:
        """Whether weight decay applies to a parameter, by its name."""
        part, _, rest = name.partition(".")
        return part != "extras" or self._extra_of(rest)[0].decays

    def train(self, mode: bool = True) -> ColumnsNetwork:
        """Switch between training and scoring; frozen blocks always compute as in scoring."""
        super().train(mode)
        if self._frozen:
            self.blocks.eval()
        return self

    @property
    def _tied(self) -> list[int]:
        return [level for level in range(self._outline.n_blocks) if self._kind.is_tied(level)]

    @property
    def _extras(self) -> dict[str, Tensor]:
        """Each extra parameter with all its rows, [1, K, ...]."""
        found = {}
        for extra in self._extra_facts:
            rows = [self.extras[_row_name(extra.name, row)] for row in range(len(extra.tasks))]
            found[extra.name] = torch.stack(rows).unsqueeze(0)
        return found

    def _extra_of(self, row_name: str) -> tuple[Extra, int]:
        row = int(row_name.rpartition("_")[2])
        (extra,) = [extra for extra in self._extra_facts if _row_name(extra.name, row) == row_name]
        return extra, row

    def _refuse_what_cannot_be_mixed(self, encoder: str) -> None:
        for level in self._tied if self._kind.mixes else []:
            if not self._outline.shapes[level + 1]:
                raise InputError(
                    f"block {level + 1} of {encoder} gives no tensor [B, features, ...], which "
                    f"search.sharing.kind has to mix; return one, or choose a kind that mixes nothing"
                )

    def _copies(self, level: int) -> list[nn.Module]:
        return list(cast(nn.ModuleList, self.blocks[level]))

    def _initial_blocks(self, run: RunSpec, encoder: Encoder) -> nn.ModuleList:
        started: dict[int, list[nn.Module]] = {}
        levels = []
        for level in range(encoder.n_blocks):
            seeds = [copy.seed(run.seed, run.subset) for copy in self._kind.copies(level)]
            started |= {seed: encoder.blocks(seed) for seed in seeds if seed not in started}
            levels.append(nn.ModuleList(deepcopy(started[seed][level]) for seed in seeds))
        return nn.ModuleList(levels)

    def _centre(self, level: int) -> nn.Module:
        """The mean network's block, whose gradients are the sums of the copies'."""
        copies = self._copies(level)
        centre = deepcopy(copies[0])
        for own, *parts in zip(centre.parameters(), *(c.parameters() for c in copies), strict=True):
            for part in parts:
                if part.requires_grad:
                    _add_up(part, into=own)
        return centre

    def _stacked(self, columns: Sequence[Tensor]) -> Tensor:
        """Activations [B, F, ...] of all columns as [1, C, F, ..., B]; those of a text are [B, ..., F]."""
        stacked = torch.stack(list(columns)).unsqueeze(0)
        if self._outline.tokens and stacked.ndim > 4:
            stacked = stacked.movedim(-1, 3)
        return stacked.movedim(2, -1)

    def _apart(self, stacked: Tensor) -> list[Tensor]:
        """The way back from `_stacked`."""
        stacked = stacked.movedim(-1, 2)
        if self._outline.tokens and stacked.ndim > 4:
            stacked = stacked.movedim(3, -1)
        return list(stacked[0])


def _applied(copies: Sequence[nn.Module], columns: Sequence[Tensor]) -> list[Tensor]:
    """Send columns through a block: a single copy serves all columns, a single column goes to all copies."""
    if len(copies) == 1:
        return [copies[0](x) for x in columns]
    if len(columns) == 1:
        return [copy(columns[0]) for copy in copies]
    return [copy(x) for copy, x in zip(copies, columns, strict=True)]


def _side_by_side(copies: Sequence[nn.Module]) -> list[list[nn.Parameter]]:
    """The trained parameters of copies of a block, all copies of each in a list."""
    parts = zip(*(copy.parameters() for copy in copies), strict=True)
    return [list(part) for part in parts if part[0].requires_grad]


def _row_name(extra: str, row: int) -> str:
    return f"{extra.replace(' ', '_')}_{row}"


def _add_up(copy: nn.Parameter, *, into: nn.Parameter) -> None:
    """Let a parameter's gradient be that of its copies together, in every backward pass."""

    def add(grad: Tensor) -> None:
        cast(Tensor, into.grad).add_(grad)

    copy.register_hook(add)  # type: ignore[no-untyped-call]
