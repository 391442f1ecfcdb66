"""What a cell is judged on: problems, states, runs, targets and starts, generated once and shared by every claim."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import cycle

from numerics import Architecture

from ._batch import PathBatch
from ._events import Cell
from ._problem import Problem
from ._state import State
from ._strategies import architectures, draw_problems, problems

PATH_GROUP = 7  # problems of one architecture that are trained and solved as one batch
TURNS = ("plain", "slow growth", "plain", "large target")  # paces of the problems of a group
TARGET_SIZE = 3  # largest mode of a tensor whose R_K is asked for
SEED_PROBLEMS = 5  # problems that a claim about Seeds is judged on


@dataclass(frozen=True)
class Settings:
    """How hard to look.

    Arguments:
        examples: generated tensors per claim about a State or a Target.
        paths: generated problems per claim about a Flow or a Descent.
        seed: of the generator.
        budget: seconds a claim may take in one cell, shrinking apart.
        sizes: mode sizes to keep to, or None for generated ones.
    """

    examples: int = 100
    paths: int = 20
    seed: int = 0
    budget: float = 60.0
    sizes: tuple[int, ...] | None = None


class Inputs:
    """The generated inputs of one cell, each kind drawn when first asked for."""

    def __init__(self, cell: Cell, settings: Settings) -> None:
        self.cell, self.settings = cell, settings
        self._states: dict[tuple[int, str], State] = {}
        self._exact_states: dict[int, State] = {}
        self._batches: dict[str, list[PathBatch]] = {}

    @cached_property
    def problems(self) -> list[Problem]:
        """The generated problems of the cell."""
        cell, settings = self.cell, self.settings
        strategy = problems(depth=cell.depth, order=cell.order, chain=cell.chain, fixed=settings.sizes)
        return draw_problems(strategy, settings.examples, settings.seed)

    def state(self, index: int, assumes: str) -> State:
        """The state of problem `index` under an assumption, shared by all claims."""
        key = (index, assumes)
        if key not in self._states:
            self._states[key] = self.problems[index].state(assumes)
        return self._states[key]

    def exact_state(self, index: int) -> State:
        """The generic state of problem `index` in exact rationals, shared by all claims."""
        if index not in self._exact_states:
            self._exact_states[index] = self.problems[index].exact_state()
        return self._exact_states[index]

    def batches(self, assumes: str) -> list[PathBatch]:
        """Path problems in groups of one architecture."""
        if assumes not in self._batches:
            count = -(-self.settings.paths // PATH_GROUP)
            shapes = self._shapes(count, roomy=-(-count // 2), seed=self.settings.seed + 1)
            drawn = [
                draw_problems(problems(shape), PATH_GROUP, self.settings.seed + 2 + i) for i, shape in enumerate(shapes)
            ]
            paced = [[replace(p, pace=pace) for p, pace in zip(group, cycle(TURNS))] for group in drawn]
            self._batches[assumes] = [PathBatch([p.for_path(assumes) for p in group], assumes) for group in paced]
        return self._batches[assumes]

    def _shapes(self, count: int, *, roomy: int, seed: int) -> list[Architecture]:
        """Few shapes that serve many problems or runs, so `roomy` of them leave room: no mode or core side of one."""
        cell = self.cell
        drawn = draw_problems(
            architectures(depth=cell.depth, order=cell.order, chain=cell.chain, fixed=self.settings.sizes, largest=4),
            8 * count,
            seed,
        )
        first = [shape for shape in drawn if min(*shape.sizes, *shape.ranks) > 1][:roomy]
        return ((first + drawn) * count)[:count]

    @cached_property
    def targets(self) -> list[Problem]:
        """Problems that lend their target to claims about a Target: modes of size 1 to TARGET_SIZE."""
        cell, settings = self.cell, self.settings
        strategy = problems(
            depth=cell.depth, order=cell.order, chain=cell.chain, fixed=settings.sizes, largest=TARGET_SIZE
        )
        return draw_problems(strategy, settings.examples, settings.seed + 3)

    @cached_property
    def seed_problems(self) -> list[Problem]:
        """Problems that are trained from many starts: SEED_PROBLEMS of them, of any size a path may have."""
        seed = self.settings.seed + 4
        shapes = self._shapes(SEED_PROBLEMS, roomy=SEED_PROBLEMS - 1, seed=seed)
        return [draw_problems(problems(shape), 1, seed + 1 + i)[0] for i, shape in enumerate(shapes)]
