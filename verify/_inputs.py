"""What a cell is judged on: problems, states, runs, targets and starts, generated once and shared by every claim."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import cycle
from typing import Any

from ._batch import PathBatch
from ._drawn import described_paths, described_problems
from ._events import Cell
from ._kinds import PLAIN
from ._path import FINE
from ._problem import Problem
from ._seeds import LONGER, SUBSTEPS, random_starts
from ._state import State
from ._strategies import EXACT_BITS, draw_problems, problems, turns_of_starts, with_large_numbers

PATH_SIZE, PATH_SIDE = 4, 6  # largest mode of a path's tensor, and largest core size
TURNS = ("plain", "slow growth", "plain", "large target")  # paces of the paths of one batch
FAR_TURNS = ("coarse", "late")  # and of the other batch, whose runs go far or in steps that are not small
# Kinds of problems that go nowhere however long, or whose stiffest entry leaves no time for the others.
IDLE = {"zero-target", "fitted", "unseen-misfit", "saddle", "graded-target"}
ROUGH = 1e-9  # tolerance of the flows of far problems, from which descents stray further than from the others
TURN = 1_000_003  # between the seeds of one turn's paths and of the next
FAR_SHARE = 4  # one path in so many
TARGET_SIZE = 3  # largest mode of most tensors whose R_K is asked for
LARGER_TARGET = 5
LARGER_SHARE = 12  # one tensor in so many is larger
SEED_PROBLEMS = 8  # problems that a claim about Seeds is judged on


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
        self._exact_problems: dict[int, Problem] = {}
        self._exact_states: dict[int, State] = {}
        self._batches: dict[tuple[str, int], list[PathBatch]] = {}
        self._drawn: dict[tuple[str, str, int], dict[str, Any]] = {}

    @property
    def _of_cell(self) -> dict[str, Any]:
        """What the generator is told of the cell."""
        cell = self.cell
        shape: dict[str, Any] = {"depth": cell.depth, "order": cell.order, "chain": cell.chain}
        return {"losses": cell.losses, **(shape if cell.description is None else {"description": cell.description})}

    @cached_property
    def problems(self) -> list[Problem]:
        """The generated problems of the cell."""
        settings = self.settings
        turns = turns_of_starts(settings.seed)
        strategy = problems(**self._of_cell, fixed=settings.sizes, turns=turns)
        return draw_problems(strategy, settings.examples, settings.seed)

    def state(self, index: int, assumes: str) -> State:
        """The state of problem `index` under an assumption, shared by all claims."""
        key = (index, assumes)
        if key not in self._states:
            self._states[key] = self.problems[index].state(assumes)
        return self._states[key]

    exact_bits = EXACT_BITS

    def exact_problem(self, index: int) -> Problem:
        """Problem `index` for exact arithmetic: for every second one random whole numbers of `exact_bits` bits where
        its start is plain; the others keep their small numbers, among which there are ties."""
        if index not in self._exact_problems:
            problem = self.problems[index]
            self._exact_problems[index] = problem if index % 2 else with_large_numbers(problem, index)
        return self._exact_problems[index]

    def exact_target(self, index: int) -> Problem:
        """Target `index` for exact arithmetic: random whole numbers of `exact_bits` bits where the problem is plain."""
        problem = self.targets[index]
        return with_large_numbers(problem, index) if problem.kind == PLAIN else problem

    def exact_state(self, index: int) -> State:
        """The generic state of `exact_problem(index)` in exact rationals, shared by all claims."""
        if index not in self._exact_states:
            self._exact_states[index] = self.exact_problem(index).exact_state()
        return self._exact_states[index]

    def batches(self, assumes: str, turn: int = 0) -> list[PathBatch]:
        """Path problems, each of an architecture of its own: a batch that goes a short way, and one that goes far.

        Arguments:
            turn: others than those of the turns before, for claims of which few meet the hypotheses.
        """
        if (assumes, turn) not in self._batches:
            count = self.settings.paths + self.settings.paths // 5
            paths = self._path_problems(count, self.settings.seed + 1 + TURN * turn)
            moving = [p for p in paths if not IDLE & set(p.kind.split("+"))]
            # Small ones: a long way in many stages is dear, and one frame holds all problems of a batch.
            far = sorted(moving, key=lambda p: max(p.architecture.ranks + p.architecture.sizes))[
                : max(1, count // FAR_SHARE)
            ]
            groups = [([p for p in paths if p not in far], TURNS, FINE), (far, FAR_TURNS, ROUGH)]
            self._batches[assumes, turn] = [
                PathBatch([p for p in paced if p.loss is loss], assumes, rtol=rtol)
                for group, turns, rtol in groups
                for paced in [[replace(p, pace=pace).for_path(assumes) for p, pace in zip(group, cycle(turns))]]
                for loss in dict.fromkeys(p.loss for p in paced)
            ]
        return self._batches[assumes, turn]

    def _path_problems(self, count: int, seed: int) -> list[Problem]:
        """Problems of moderate size; two in three leave room, with no mode or core side of one."""
        fixed = self.settings.sizes
        drawn = draw_problems(
            problems(**self._of_cell, fixed=fixed, largest=PATH_SIZE),
            5 * count,
            seed,
        )
        small = [p for p in drawn if fixed or max(p.architecture.sizes + p.architecture.ranks) <= PATH_SIDE]
        roomy = [p for p in small if min((*p.architecture.sizes, *p.architecture.ranks)) > 1]
        chosen = roomy[: 2 * count // 3]
        rest = [p for p in small if p not in chosen]
        mixed = [p for trio in zip(chosen[::2], chosen[1::2], rest, strict=False) for p in trio]
        return (mixed + [p for p in small if p not in mixed])[:count]

    @cached_property
    def targets(self) -> list[Problem]:
        """Problems that lend their target to claims about a Target: modes of size 1 to TARGET_SIZE, some larger."""
        settings = self.settings

        def drawn(largest: int, count: int, seed: int) -> list[Problem]:
            strategy = problems(
                **self._of_cell, fixed=settings.sizes, largest=largest,
                turns=turns_of_starts(seed),
            )  # fmt: skip
            return draw_problems(strategy, count, seed)

        larger = settings.examples // LARGER_SHARE
        small = drawn(TARGET_SIZE, settings.examples - larger, settings.seed + 3)
        return small + drawn(LARGER_TARGET, larger, settings.seed + 5) if larger else small

    @cached_property
    def seed_problems(self) -> list[Problem]:
        """Problems that are trained from many starts: SEED_PROBLEMS of them, of any size a path may have."""
        return self._path_problems(SEED_PROBLEMS, self.settings.seed + 4)

    def drawn(self, subject: str, assumes: str, turns: int = 1) -> dict[str, Any]:
        """What the inputs of claims about `subject` under `assumes` were, as plain numbers: ranges and counts."""
        key = (subject, assumes, turns)
        if key not in self._drawn:
            if subject in ("Flow", "Descent"):
                self._drawn[key] = described_paths([b for turn in range(turns) for b in self.batches(assumes, turn)])
            elif subject == "Target":
                self._drawn[key] = described_problems(self.targets)
            elif subject == "State":
                states = [self.state(index, assumes) for index in range(len(self.problems))]
                self._drawn[key] = described_problems(self.problems, states)
            else:
                starts = [random_starts(problem, assumes, 1)[0] for problem in self.seed_problems]
                batches = [PathBatch([start], assumes, substeps=SUBSTEPS << LONGER) for start in starts]
                self._drawn[key] = described_paths(batches, solved=False)
        return self._drawn[key]
