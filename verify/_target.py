"""Target: a generated tensor by itself, and what a claim may ask of it: the norm that depth charges, spectra, ranks."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import gmpy2
import numpy as np
import torch

from numerics import Architecture, representation_cost

from ._kinds import aim_tensor
from ._numbers import Unsupported, entrywise
from ._precise import Precise
from ._problem import Problem
from ._shaken import shaken
from ._state import unfold

Cost = Callable[[Any, int], Any]


class Target:
    """A tensor W with a depth; float64 torch tensors throughout. Modes are numbered from 0. Source: (14)-(16).

    Arguments:
        tensor: W, any order.
        depth: K.
        cost: (W, K) -> R_K(W); the engine passes solvers of different effort.
    """

    def __init__(self, tensor: Any, depth: int, cost: Cost) -> None:
        self.tensor = tensor
        self.depth = depth
        self._cost = cost

    @property
    def order(self) -> int:
        """N."""
        return int(self.tensor.ndim)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Mode sizes I_1..I_N."""
        return tuple(self.tensor.shape)

    def like(self, tensor: Any) -> Target:
        """Another tensor at the same depth, such as 2 * W or a slice of W."""
        return Target(tensor, self.depth, self._cost)

    def representation_cost(self) -> Any:
        """R_K(W) = min 1/2 (sum of all squared parameters) over the factorizations of W, a number. Source: (15)."""
        return self._cost(self.tensor, self.depth)

    def slice_norms(self, mode: int) -> Any:
        """||W_{n,i}|| of every slice, shape (I,)."""
        return torch.linalg.vector_norm(unfold(self.tensor, self._mode(mode)), dim=1)

    def slice_penalty(self, mode: int) -> Any:
        """(K+1)/2 sum_i ||W_{n,i}||^{2/(K+1)}: what depth charges for the slices of a mode, a number. Source: (14)."""
        return (self.depth + 1) / 2 * (self.slice_norms(mode) ** (2 / (self.depth + 1))).sum()

    def singular_values(self, mode: int) -> Any:
        """Singular values of the unfolding along a mode, descending."""
        return torch.linalg.svdvals(unfold(self.tensor, self._mode(mode)))

    def multilinear_rank(self, tol: float | None = None) -> tuple[int, ...]:
        """Ranks of the unfoldings; `tol` is relative to the largest singular value (default: float64's noise floor)."""
        ranks = []
        for mode in range(self.order):
            values = self.singular_values(mode)
            floor = tol if tol is not None else 2.0**-52 * max(unfold(self.tensor, mode).shape)
            ranks.append(int((values > floor * values[0]).sum()))
        return tuple(ranks)

    def _mode(self, mode: int) -> int:
        if not 0 <= mode < self.order:
            raise IndexError(f"mode {mode} of an order-{self.order} tensor: modes are 0..{self.order - 1}")
        return mode

    def __repr__(self) -> str:
        return f"Target(sizes={self.sizes}, depth={self.depth})"


class Costs:
    """R_K by a given effort; remembers what it has solved, for other claims too, and how sure it is.

    Arguments:
        starts: starting frames of the minimisation; the first is the HOSVD of W, the others are random.
        seed: of the random ones.
    """

    def __init__(self, starts: int, seed: int) -> None:
        self.starts, self.seed = starts, seed
        self.doubt = 0.0  # largest duality gap met, relative
        self.asked = False

    def __call__(self, tensor: Any, depth: int) -> Any:
        self.asked = True
        precise = isinstance(tensor, Precise)
        values = np.ascontiguousarray(tensor.floats() if precise else tensor.detach().cpu().numpy(), dtype=np.float64)
        value, doubt = _solved(values.tobytes(), values.shape, depth, self.starts, self.seed)
        self.doubt = max(self.doubt, doubt)
        return Precise(gmpy2.mpfr(value)) if precise else torch.tensor(value, dtype=torch.float64)


@lru_cache(maxsize=4096)
def _solved(data: bytes, shape: tuple[int, ...], depth: int, starts: int, seed: int) -> tuple[float, float]:
    found = representation_cost(np.frombuffer(data).reshape(shape), depth, starts=starts, seed=seed)
    return found.value, abs(found.gap) / found.value if found.value else 0.0


def no_cost(tensor: Any, depth: int) -> Any:
    """In high precision R_K has no counterpart."""
    raise Unsupported("the representation cost")


def whole_numbers(problem: Problem) -> np.ndarray:
    """The problem's target moved onto its thin set: a tensor of whole numbers."""
    return aim_tensor(problem.kind, problem.target)


def _depth(problem: Problem) -> int:
    assert isinstance(problem.architecture, Architecture)  # `Claim.cell_in` refuses other models
    return problem.architecture.depth


def as_target(problem: Problem, cost: Cost) -> Target:
    """The Target of a problem in float64."""
    values = np.ldexp(whole_numbers(problem).astype(np.float64), problem.target_exponent)
    return Target(torch.from_numpy(values), _depth(problem), cost)


def as_precise_target(problem: Problem, *, exact: bool, cost: Cost = no_cost) -> Target:
    """The same tensor in exact rationals, or in the digits of `precision()`."""
    exponent = problem.target_exponent
    factor = gmpy2.mpz(2) ** exponent if exponent >= 0 else gmpy2.mpq(1, gmpy2.mpz(2) ** -exponent)
    array = entrywise(lambda v: factor * int(v) if exact else gmpy2.mpfr(factor * int(v)), whole_numbers(problem))
    array = array if exact else shaken(array, 0)
    return Target(Precise(array), _depth(problem), cost)


def jittered(target: Target, generator: torch.Generator, eps: float) -> Target:
    """Every entry moved by about one rounding."""
    noise = 2 * eps * (torch.rand(target.tensor.shape, generator=generator, dtype=torch.float64) - 0.5)
    return target.like(target.tensor * (1 + noise))


__all__ = ["Costs", "Target", "as_precise_target", "as_target", "jittered", "whole_numbers"]
