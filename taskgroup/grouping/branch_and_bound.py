"""The exact choice of rows for many tasks: branch and bound on prices instead of linear programs.

Each node takes the most wanted row, once in and once out. What is in serves every unit at some regret,
the ceiling; the other rows matter where they are below it. A node's bound climbs from the prices of its
parent, which takes tens of microseconds where a linear program takes tens of milliseconds, and drops the
rows that no better choice can hold.

Shape letters: `C` rows, `T` units, `L` limits.

Reference: Beasley 1985; Hanjoul and Peeters 1985 (p-median by Lagrangian bounds).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from taskgroup.grouping.lagrangian import Bound, DenseRegrets, Regrets, SparseRegrets, climb
from taskgroup.grouping.regret import TOLERANCE, Floats, Integers, Limits, RegretTable
from taskgroup.grouping.swap_search import kicked, swap_search

_ROOT_STEPS, _ROOT_PATIENCE = 1500, 20
_NODE_STEPS, _NODE_PATIENCE = 25, 4
_KICKS_FIRST, _KICKS_LATER = 50, 20
_NODES_BETWEEN_KICKS = 400
_KICKED_ROWS = 1500
_PAIRED_ROWS = 60


@dataclass(frozen=True)
class Found:
    """What a search within limits brought.

    Attributes:
        servers: The row that serves each unit, shape [T]; None where no choice of less than the given
            regret was found.
        bound: No choice has a smaller regret, unless it is the given one or above.
    """

    servers: Integers | None
    bound: float


@dataclass(frozen=True)
class _Node:
    """A part of the choices: some rows in, some out, the others open.

    Attributes:
        rows: The open rows.
        room: What the rows that are in leave of the limits, shape [L].
        ceiling: The regret at which the rows that are in serve each unit, shape [T].
        inside: The rows that are in.
        price: Where to start climbing, shape [T].
        bound: The parent's bound.
    """

    rows: Integers
    room: Floats
    ceiling: Floats
    inside: tuple[int, ...]
    price: Floats
    bound: float


class BranchAndBound:
    """A search for a choice of less than a given regret.

    Args:
        table: Rows and limits.
        below: Only choices of less regret are of interest.
        slack: Choices that save no more than this are of no interest either.
        deadline: Where `time.monotonic()` shall stand at the latest when the search returns.
    """

    def __init__(self, table: RegretTable, *, below: float, slack: float, deadline: float) -> None:
        self._table, self._deadline = table, deadline
        self._tie = table.slack(0.0)
        self._slack = max(slack, self._tie)
        self._least = below
        self._best: Integers | None = None
        self._limits = table.limits
        self._regret = np.minimum(table.regret, below)
        self._promising: Integers = np.zeros(0, dtype=np.int64)
        self._rng = np.random.default_rng(0)

    def search(self, start: Integers | None = None) -> Found:
        """Look for the choice of least regret.

        Args:
            start: Rows of a good choice within the limits to improve on and to return if none is better.
        """
        root = self._root(start)
        if root is None:
            return Found(self._servers(), self._proven())
        stack, n_nodes = [root], 0
        while stack and time.monotonic() < self._deadline:
            node = stack.pop()
            if node.bound < self._least - self._slack:
                stack += self._branch(node)
            n_nodes += 1
            if n_nodes % _NODES_BETWEEN_KICKS == 0:
                self._kick(_KICKS_LATER)
        return Found(self._servers(), min([self._proven(), *(node.bound for node in stack)]))

    def _root(self, start: Integers | None) -> _Node | None:
        """Bound everything, look for a good choice among the rows that matter; None where that proves it."""
        table = self._table
        ceiling = np.full(table.n_tasks, self._least)
        if start is not None:
            self._best = start
            self._least = min(self._least, table.total(table.servers(start)))
        regrets: Regrets = SparseRegrets(table.regret)
        root = climb(
            regrets,
            self._limits,
            np.zeros(table.n_tasks),
            highest=ceiling,
            target=self._least,
            n_steps=_ROOT_STEPS,
            patience=_ROOT_PATIENCE,
        )
        rows = np.flatnonzero(root.at_least < self._least - self._slack)
        if root.value >= self._least - self._slack or len(rows) == 0:
            return None
        self._promising = rows[np.argsort(root.at_least[rows], kind="stable")[:_KICKED_ROWS]]
        self._kick(_KICKS_FIRST)
        rows = np.flatnonzero(root.at_least < self._least - self._slack)
        return _Node(rows, self._limits.room, ceiling, (), root.price, root.value)

    def _branch(self, node: _Node) -> list[_Node]:
        """Close a node by its bound or by trying everything, or divide it in two."""
        limits = Limits(self._limits.load[:, node.rows], node.room)
        open_rows = np.asarray((limits.load <= node.room[:, None] * (1 + TOLERANCE)).all(axis=0))
        rows, limits = node.rows[open_rows], limits.keep(open_rows)
        regret = np.minimum(self._regret[rows], node.ceiling)
        if self._finish(node, rows, regret, limits):
            return []
        bound = climb(
            DenseRegrets(regret),
            limits,
            node.price,
            highest=node.ceiling,
            target=self._least,
            n_steps=_NODE_STEPS,
            patience=_NODE_PATIENCE,
        )
        self._try(node, rows, regret, limits, bound)
        kept = bound.at_least < self._least - self._slack
        if bound.value >= self._least - self._slack or not kept.any():
            return []
        wanted = int(np.where(kept, bound.worth, np.inf).argmin())
        taken = int(rows[wanted])
        kept[wanted] = False
        rest = rows[kept]
        value = max(bound.value, node.bound)
        without = _Node(rest, node.room, node.ceiling, node.inside, bound.price, value)
        room, ceiling = limits.without(wanted), regret[wanted]
        return [without, _Node(rest, room, ceiling, (*node.inside, taken), bound.price, value)]

    def _finish(self, node: _Node, rows: Integers, regret: Floats, limits: Limits) -> bool:
        """Settle a node to which at most two rows can be added, by trying all of them."""
        if len(rows) == 0:
            self._offer(np.array(node.inside, dtype=np.int64))
            return True
        most = min(limits.most_rows(), len(rows))
        if most <= 1:
            self._offer(np.array([*node.inside, rows[regret.sum(axis=1).argmin()]], dtype=np.int64))
            return True
        if most == 2 and len(rows) <= _PAIRED_ROWS:
            total = np.minimum(regret[:, None], regret[None]).sum(axis=2)
            for load, room in zip(limits.load, limits.room, strict=True):
                joint = load[:, None] + load - np.diag(load)
                total[joint > room * (1 + TOLERANCE)] = np.inf
            pair = divmod(int(total.argmin()), len(rows))
            self._offer(np.unique(np.array([*node.inside, *rows[list(pair)]], dtype=np.int64)))
            return True
        return False

    def _try(self, node: _Node, rows: Integers, regret: Floats, limits: Limits, bound: Bound) -> None:
        """Take the rows that the prices choose for a choice of their own."""
        chosen = bound.rows
        if (limits.load[:, chosen].sum(axis=1) <= limits.room * (1 + TOLERANCE)).all():
            total = regret[chosen].min(axis=0, initial=np.inf)
            if np.minimum(total, node.ceiling).sum() < self._least - self._tie:
                self._offer(np.array([*node.inside, *rows[chosen]], dtype=np.int64))

    def _kick(self, n: int) -> None:
        """Look for better choices among the most promising rows by swaps from the best one so far."""
        if time.monotonic() >= self._deadline:
            return
        start = np.zeros(0, dtype=np.int64) if self._best is None else self._best
        rows = np.union1d(self._promising, start)
        regret, limits = self._regret[rows], self._limits.keep(rows)
        chosen = swap_search(regret, limits, np.searchsorted(rows, start))
        for _ in range(n):
            if time.monotonic() >= self._deadline:
                break
            chosen = kicked(regret, limits, chosen, n=1, rng=self._rng)
        self._offer(rows[chosen])

    def _offer(self, chosen: Integers) -> None:
        """Keep a choice that is better than the best so far."""
        if len(chosen) == 0:
            return
        servers = self._table.servers(chosen)
        used = np.unique(servers)
        total = self._table.total(servers)
        fits = self._table.fits(self._table.cost[used].sum(), len(used))
        if fits and total < self._least - self._tie:
            self._least, self._best = total, used

    def _proven(self) -> float:
        """The bound once every node is closed."""
        return self._least if self._slack == self._tie else self._least - self._slack

    def _servers(self) -> Integers | None:
        return None if self._best is None else self._table.servers(self._best)


def search_by_prices(
    table: RegretTable, *, below: float, start: Integers | None, deadline: float, slack: float = 0.0
) -> Found:
    """Find the choice of least regret below a given one; for tables with overlap."""
    search = BranchAndBound(table, below=below, slack=slack, deadline=deadline)
    return search.search(start)
