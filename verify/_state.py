"""State: one point of parameter space with a problem, and what a claim may ask of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import gmpy2
import numpy as np
import torch

from numerics import (
    SQUARED,
    Architecture,
    Loss,
    Model,
    Network,
    component,
    compose,
    factor,
    reference_compose,
    reference_pullback,
)
from theory import Grouping

from ._claim import ClaimError
from ._forward import derivative_along, differentiable
from ._labelled import contracted, group_rows, inner_products, weighed
from ._numbers import EXACT_TYPES, Jet, current_digits, differencing, entrywise, precision
from ._precise import Precise, as_precise
from ._rates import compared, is_checked, leaves, saw_kink, unit_of_time

Array = Any  # torch.Tensor (float64), or Precise when a claim is confirmed


def unfold(tensor: Array, mode: int) -> Array:
    """Mode-n unfolding (I_n, product of the other sizes) of a tensor or a Precise array."""
    moved = torch.movedim(tensor, mode, 0)
    return moved.reshape(moved.shape[0], math.prod(moved.shape[1:]))


def squared_norms(rows: Array) -> Array:
    """Squared norm of every row of (R, entries)."""
    return (rows * rows).sum(1)


def times_other_factors(state: State, mode: int) -> Array:
    """The core times the factors of all modes but one, unfolded along that mode: (R, product of the other sizes)."""
    partial = state.core
    if state.depth:
        for other in range(state.order):
            if other != mode:
                partial = torch.movedim(torch.tensordot(state.factor(other), partial, dims=([1], [other])), 0, other)
    return unfold(partial, mode)


class State:
    """One point of parameter space with a problem; everything it returns is a float64 torch tensor.

    Modes are numbered from 0; mode n of deep Tucker stands for the label r{n+1}. Source: design (1)-(8), (22).

    Arguments:
        architecture: the model with its sizes.
        parameters: block name -> float64 tensor.
        target, weights: tensors of shape sizes.
        loss: what an entry costs; the loss is the weighted sum of it, 1/2 sum weights (W - target)^2 by default.
    """

    def __new__(
        cls,
        architecture: Model,
        parameters: Mapping[str, Array],
        target: Array,
        weights: Array,
        loss: Loss = SQUARED,
    ) -> State:
        """A State that a conjecture makes of exact or high-precision arrays is such a State."""
        values = (*parameters.values(), target, weights)
        precise = cls is State and any(isinstance(value, Precise) for value in values)
        return object.__new__(PreciseState if precise else cls)

    def __init__(
        self,
        architecture: Model,
        parameters: Mapping[str, Array],
        target: Array,
        weights: Array,
        loss: Loss = SQUARED,
    ) -> None:
        if isinstance(self, PreciseState):
            parameters = {name: as_precise(value) for name, value in parameters.items()}
            target, weights = as_precise(target), as_precise(weights)
        self.architecture = architecture
        self.parameters = dict(parameters)
        self.target = target
        self.weights = weights
        self.loss_function = loss
        self._factors: dict[int, Array] = {}
        self._inner: dict[int | str, Array] = {}

    # -- what the problem is
    @property
    def blocks(self) -> dict[str, Array]:
        """Every block by its name."""
        return dict(self.parameters)

    def __getitem__(self, block: str) -> Array:
        """One block, `state["A"]`."""
        if block not in self.parameters:
            raise ClaimError(f"{self._named} has no block {block!r}; it has {', '.join(self.architecture.shapes)}")
        return self.parameters[block]

    @property
    def _named(self) -> str:
        model = self.architecture
        return model.description.name if isinstance(model, Network) else f"deep Tucker of order {model.order}"

    def _tucker(self, what: str) -> Architecture:
        """The architecture of deep Tucker. Raises: ClaimError that says what another model has instead."""
        model = self.architecture
        if isinstance(model, Architecture):
            return model
        assert isinstance(model, Network)
        labels = ", ".join(g.name for g in model.description.groupings)
        raise ClaimError(
            f"{self._named} has no {what}; it has the blocks {', '.join(model.shapes)} "
            + (f"and groups of the labels {labels}: group_norms, component, alignment" if labels else "and no groups")
        )

    @property
    def depth(self) -> int:
        """K."""
        return self._tucker("depth").depth

    @property
    def order(self) -> int:
        """N."""
        return self.architecture.order

    @property
    def sizes(self) -> tuple[int, ...]:
        """Mode sizes I_1..I_N."""
        return self.architecture.sizes

    @property
    def ranks(self) -> tuple[int, ...]:
        """Core sizes R_1..R_N."""
        return self._tucker("ranks").ranks

    @property
    def chain(self) -> str:
        """ "column", "mode" or "gate"."""
        return self._tucker("chain").chain

    # -- the parameters
    @property
    def core(self) -> Array:
        """G, shape (R_1, .., R_N)."""
        self._tucker("core")
        return self.parameters["G"]

    def vectors(self, mode: int) -> Array:
        """The last blocks a_r of a mode as columns, shape (I, R); the last factor for chain="mode"."""
        self._tucker("vectors")
        return self.parameters[f"a{self._mode(mode) + 1}"]

    def chains(self, mode: int) -> Array:
        """The chain of a mode: column (R, K-1, I, I); gate (R, K-1); mode: the list of its K matrices."""
        links = [self.parameters[name] for name in self._tucker("chains").links(self._mode(mode))]
        if self.chain == "mode":
            return [*links, self.vectors(mode)]
        if not links:
            rank, size = self.ranks[mode], self.sizes[mode]
            return self.core.new_zeros((rank, 0, size, size) if self.chain == "column" else (rank, 0))
        return torch.stack(links, 1)

    def factor(self, mode: int) -> Array:
        """U of a mode, shape (I, R)."""
        if mode not in self._factors:
            self._factors[self._mode(mode)] = self._factor(mode)
        return self._factors[mode]

    def _factor(self, mode: int) -> Array:
        return factor(self._tucker("factor"), self.parameters, mode)

    # -- the tensor and the loss
    @cached_property
    def tensor(self) -> Array:
        """W, shape sizes."""
        return compose(self.architecture, self.parameters)

    @cached_property
    def gradient(self) -> Array:
        """dL/dW, shape sizes."""
        return self.loss_function.gradient(self.tensor, self.target, self.weights)

    @cached_property
    def loss(self) -> Array:
        """L = sum of weights times what every entry costs, 1/2 sum weights (W - target)^2 unless said otherwise."""
        return (self.weights * self.loss_function.value(self.tensor, self.target)).sum()

    def block_gradients(self) -> dict[str, Array]:
        """dL/d(block) of every block, by autograd through the PyTorch model."""
        return self._block_gradients

    @cached_property
    def _block_gradients(self) -> dict[str, Array]:
        leaves = {name: differentiable(value) for name, value in self.parameters.items()}
        with torch.enable_grad():
            W = compose(self.architecture, leaves)
            loss = (self.weights * self.loss_function.value(W, self.target)).sum()
        return dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))

    # -- slices, groups
    def slice_norms(self, mode: int) -> Array:
        """||G_{n,r}|| of every slice of the core, shape (R,)."""
        return torch.linalg.vector_norm(unfold(self.core, self._mode(mode)), dim=1)

    def component(self, mode: int | str, r: int) -> Array:
        """W_{n,r}: the part of W that passes through index r of the mode, or of a label, shape sizes."""
        return component(self.architecture, self.parameters, self._where(mode), r)

    def group_norms(self, label: int | str) -> Array:
        """Norms of the slices of every block of every group of a label, shape (blocks, R). Source: (4), (22)."""
        at = self._where(label)
        if isinstance(at, int):
            return self.block_norms(at)
        return torch.stack([torch.linalg.vector_norm(rows, dim=1) for rows, _ in self._rows(at)])

    def degrees(self, label: int | str) -> tuple[int, ...]:
        """d_B of every block of the groups of a label: the degree of W_r in its slice. Source: (22)."""
        at = self._where(label)
        if isinstance(at, int):
            return (1,) * len(self.group_blocks(at))
        return tuple(member.degree for member in self._grouping(at).members)

    @property
    def group_labels(self) -> tuple[str, ...]:
        """The labels that name groups."""
        if isinstance(self.architecture, Network):
            return tuple(g.name for g in self.architecture.description.own_groups)
        return tuple(f"r{mode + 1}" for mode in range(self.order))

    def _grouping(self, label: str) -> Grouping:
        assert isinstance(self.architecture, Network)
        return self.architecture.description.grouping(label)

    def _rows(self, label: str) -> list[tuple[Array, int]]:
        assert isinstance(self.architecture, Network)
        return group_rows(self.architecture, self.parameters, label)

    def _where(self, place: int | str) -> int | str:
        """The mode of a deep Tucker model, or the label of another one; the number n stands for the label r{n+1}.

        Raises:
            ClaimError: the model has no such groups.
        """
        if isinstance(self.architecture, Network):
            label = f"r{place + 1}" if isinstance(place, int) else place
            try:
                return self.architecture.description.grouping(label).name
            except ValueError as error:
                raise ClaimError(str(error)) from None
        if isinstance(place, str):
            names = [f"r{mode + 1}" for mode in range(self.order)]
            if place not in names:
                raise ClaimError(f"{place!r} names no group of {self._named}; its labels are {', '.join(names)}")
            return names.index(place)
        return self._mode(place)

    def block_norms(self, mode: int) -> Array:
        """Norms of the blocks of every group: core slice, chain blocks, last block; shape (K+1, R).

        With chain="mode" only the core slice and the column of the last factor belong to a group: (2, R).
        """
        return torch.stack([torch.linalg.vector_norm(block, dim=1) for block in self.group_blocks(mode)])

    def group_blocks(self, mode: int) -> list[Array]:
        """The blocks of the groups of a mode, each flattened to (R, entries), core slice first."""
        return [unfold(self.core, mode), *self._flat(self.parameters, mode)]

    def group_gradients(self, mode: int) -> list[Array]:
        """dL/d(block) in the order and shapes of `group_blocks`."""
        gradients = self.block_gradients()
        return [unfold(gradients["G"], mode), *self._flat(gradients, mode)]

    def _flat(self, blocks: Mapping[str, Array], mode: int) -> list[Array]:
        if self.depth == 0:
            return []
        links = [] if self.chain == "mode" else self._tucker("groups by mode").links(self._mode(mode))
        rank = self.ranks[mode]
        return [
            *(blocks[name].reshape(rank, blocks[name].numel() // rank) for name in links),
            blocks[f"a{mode + 1}"].mT,
        ]

    def component_inner(self, mode: int | str) -> Array:
        """<-grad L(W), W_{n,r}> for every r of a mode or label, shape (R,)."""
        at = self._where(mode)
        if at not in self._inner:
            if isinstance(at, int):
                self._inner[at] = self._component_inner(at)
            else:
                assert isinstance(self.architecture, Network)
                self._inner[at] = -inner_products(self.architecture, self.parameters, self.gradient, at)
        return self._inner[at]

    def _component_inner(self, mode: int) -> Array:
        D = unfold(self.gradient, mode)
        seen = self.factor(mode).mT @ D if self.depth else D
        return -(seen * times_other_factors(self, mode)).sum(1)

    def group_size(self, label: int | str) -> Array:
        """sigma: the product of the norms of every group, each to the power of its degree, shape (R,). Source: (22)."""
        norms = self.group_norms(label)
        if all(degree == 1 for degree in self.degrees(label)):
            return norms.prod(0)
        return torch.stack([row**d for row, d in zip(norms, self.degrees(label), strict=True)]).prod(0)

    def alignment(self, mode: int | str) -> Array:
        """<-grad L(W), W_{n,r}> / product of the group's block norms, shape (R,); 0 for a zero group. Source: (22)."""
        norms = self.group_size(mode)
        alive = norms > 0
        one = torch.ones_like(norms)
        return torch.where(alive, self.component_inner(mode) / torch.where(alive, norms, one), one * 0)

    def unbalancedness(self) -> Array:
        """Largest | ||B||^2 / d_B - ||B'||^2 / d_B' | inside any group. Source: (6), (22)."""
        if isinstance(self.architecture, Network):
            groups = [[squared_norms(rows) / d for rows, d in self._rows(label)] for label in self.group_labels]
        else:
            groups = [[squared_norms(block) for block in self.group_blocks(mode)] for mode in range(self.order)]
        if not groups:
            return self.target.new_zeros(())
        spreads = []
        for rows in groups:
            squares = torch.stack(rows)
            spreads.append((squares.amax(0) - squares.amin(0)).amax())
        return torch.stack(spreads).amax()

    def singular_values(self, mode: int) -> Array:
        """Singular values of W's unfolding along a mode, descending."""
        return torch.linalg.svdvals(unfold(self.tensor, self._mode(mode)))

    def multilinear_rank(self, tol: float | None = None) -> tuple[int, ...]:
        """Ranks of W's unfoldings; `tol` is relative to the largest singular value (default: float64's noise floor)."""
        ranks = []
        for mode in range(self.order):
            values = self.singular_values(mode)
            floor = tol if tol is not None else 2.0**-52 * max(unfold(self.tensor, mode).shape)
            ranks.append(int((values > floor * values[0]).sum()))
        return tuple(ranks)

    def rate(self, function: Callable[[State], Array]) -> Array:
        """d f/dt along the gradient flow for any f(State) of the parameters, by forward-mode autograd.

        Where f has a kink it is the one-sided rate, forward in time. On the first inputs of a claim it is compared with
        a difference quotient of the same function.

        Source: (3). Raises:
            ClaimError: a derivative was lost on the way, or f does not look at its argument.
            Unsupported: rate inside rate.
        """
        velocity = {name: -gradient for name, gradient in self.block_gradients().items()}
        read = _Read()

        def along(duals: dict[str, torch.Tensor]) -> Any:
            state = State(self.architecture, duals, self.target, self.weights, self.loss_function)
            state.parameters = read.of(duals)
            value = function(state)
            leaves(value)
            return value

        rate, suspicious = derivative_along(along, self.parameters, velocity)
        if not read.any:
            raise ClaimError(
                "the function given to rate does not look at its argument; write lambda s: ... and speak of s inside"
            )
        if suspicious or is_checked():
            time = unit_of_time(self.parameters, velocity)
            rate = compared(rate, lambda t: function(self.moved(velocity, t)), time)
        return rate

    def moved(self, velocity: Mapping[str, Array], time: float | Array) -> State:
        """The state at parameters + time * velocity."""
        parameters = {name: value + velocity[name] * time for name, value in self.parameters.items()}
        return type(self)(self.architecture, parameters, self.target, self.weights, self.loss_function)

    def _mode(self, mode: int) -> int:
        if not 0 <= mode < self.order:
            raise IndexError(f"mode {mode} of an order-{self.order} model: modes are 0..{self.order - 1}")
        return mode

    def __repr__(self) -> str:
        a = self.architecture
        if isinstance(a, Architecture):
            return f"State(depth={a.depth}, sizes={a.sizes}, ranks={a.ranks}, chain={a.chain!r})"
        return f"State({a!r})"


class _Read(dict[str, Any]):
    """Parameters that remember whether anybody looked at them."""

    any = False

    def of(self, parameters: Mapping[str, Any]) -> _Read:
        self.update(parameters)
        return self

    def __getitem__(self, name: str) -> Any:
        self.any = True
        return super().__getitem__(name)

    def items(self) -> Any:
        self.any = True
        return super().items()

    def values(self) -> Any:
        self.any = True
        return super().values()

    def get(self, name: str, default: Any = None) -> Any:
        self.any = True
        return super().get(name, default)


class PreciseState(State):
    """The same point in 75-digit or exact arithmetic, by another route: hand-written contractions and gradients
    (numerics.reference), no autograd. `rate` is a central difference along the flow, or exact for exact rationals."""

    @cached_property
    def tensor(self) -> Precise:
        return Precise(reference_compose(self.architecture, self._arrays))

    @cached_property
    def _arrays(self) -> dict[str, np.ndarray]:
        return {name: value.array for name, value in self.parameters.items()}

    @cached_property
    def _block_gradients(self) -> dict[str, Precise]:
        gradients = reference_pullback(self.architecture, self._arrays, as_precise(self.gradient).array)
        return {name: Precise(value) for name, value in gradients.items()}

    @cached_property
    def is_exact(self) -> bool:
        """Whether every parameter is an exact rational."""
        return all(isinstance(x, EXACT_TYPES) for array in self._arrays.values() for x in array.flat)

    def chains(self, mode: int) -> Any:
        links = [self.parameters[name] for name in self._tucker("chains").links(self._mode(mode))]
        if self.chain == "mode":
            return [*links, self.vectors(mode)]
        if not links:
            rank, size = self.ranks[mode], self.sizes[mode]
            return Precise(np.zeros((rank, 0, size, size) if self.chain == "column" else (rank, 0), dtype=object))
        return torch.stack(links, 1)

    def _factor(self, mode: int) -> Precise:
        if self.depth == 0:
            return Precise(np.eye(self.sizes[mode], dtype=int).astype(object))
        factor = self.vectors(mode)
        for name in reversed(self._tucker("factor").links(mode)):
            link = self.parameters[name]
            if self.chain == "column":
                factor = torch.einsum("rij,jr->ir", link, factor)
            else:
                factor = link @ factor if self.chain == "mode" else factor * link
        return factor

    def component(self, mode: int | str, r: int) -> Any:
        mode = self._where(mode)
        if isinstance(self.architecture, Network):
            return self._part(str(mode), r)
        assert isinstance(mode, int)
        arrays = dict(self._arrays)
        keep = np.zeros(self.ranks[self._mode(mode)], dtype=int).astype(object)
        keep[r] = 1
        arrays["G"] = arrays["G"] * keep.reshape([-1 if n == mode else 1 for n in range(self.order)])
        return Precise(reference_compose(self.architecture, arrays))

    def _part(self, label: str, r: int) -> Precise:
        """W_r by the product of the networks with all other indices of the label set to zero in one place."""
        network = self.architecture
        assert isinstance(network, Network)
        description, total = network.description, None
        for t, at in description.grouping(label).labels:
            operands, chosen = [], False
            for name, labels in description.terms[t].slots:
                block = self.parameters[name]
                if at in labels and not chosen:
                    keep = np.zeros(block.shape[labels.index(at)], dtype=int).astype(object)
                    keep[r] = 1
                    block = Precise(block.array * keep.reshape([-1 if x == at else 1 for x in labels]))
                    chosen = True
                operands.append((block, labels))
            part = weighed(contracted(operands, description.output), description.terms[t])
            total = part if total is None else total + part
        return as_precise(total)

    def rate(self, function: Callable[[State], Any]) -> Any:
        velocity = {name: -gradient for name, gradient in self.block_gradients().items()}
        if self.is_exact:
            jets = {
                name: Precise(entrywise(Jet, value.array, velocity[name].array))
                for name, value in self.parameters.items()
            }
            moved = PreciseState(self.architecture, jets, self.target, self.weights, self.loss_function)
            return _jet_rate(function(moved))
        # The step balances the O(h^2) truncation against the rounding of DIGITS-digit numbers, at twice the digits.
        digits = current_digits()
        with precision(2 * digits + 10):  # sizes and speeds beyond float64's range too
            speed = max((abs(gmpy2.mpfr(v)) for array in velocity.values() for v in array.array.flat), default=0)
            size = max((abs(gmpy2.mpfr(v)) for array in self._arrays.values() for v in array.flat), default=1)
            step = _ten(-2 * digits // 3) * (size / speed if speed > 0 and size > 0 else 1)
            with differencing():

                def along(time: Any) -> Any:
                    return function(self.moved(velocity, time))

                # This point anew: what `self` has computed already has too few digits to take differences of.
                return _central(along, along(0), step, _ten(-digits))


NEAR = 1e-6  # one-sided quotients at a step and at half of it agree to this where there is a one-sided rate


def _ten(power: int) -> Any:
    return gmpy2.mpfr(10) ** power


class NotDifferentiable(Exception):
    """The function asked for its rate has neither a rate nor a one-sided one at this point."""


def _central(along: Callable[[Any], Any], here: Any, step: Any, least: Any) -> Any:
    """Central difference of `along` at time 0; at a kink the forward one, for along the flow time runs forward.

    A second difference that halves with the step, not quarters, is a kink; a smooth function bends by step^2, below
    `least`. Raises:
        NotDifferentiable: the forward quotient moves with its step as well.
    """
    ahead, behind = along(step), along(-step)
    flat = [_flat(row) for row in (ahead, behind, here)]
    if not any(abs(a - 2 * h + b) > max(abs(a), abs(h), abs(b)) * least for a, b, h in zip(*flat, strict=True)):
        return _quotient(ahead, behind, 2 * step)
    flat += [_flat(along(step / 2)), _flat(along(-step / 2))]
    rates, kinked = [], False
    for a, b, h, half_a, half_b in zip(*flat, strict=True):
        full, half, size = abs(a - 2 * h + b), abs(half_a - 2 * h + half_b), max(abs(a), abs(h), abs(b))
        if full > size * least and half > full * 0.4:
            forward, nearer = (a - h) / step, (half_a - h) / (step / 2)
            if not abs(forward - nearer) <= NEAR * max(abs(forward), abs(nearer)):
                raise NotDifferentiable("the rate of a function that has no one-sided rate at this point")
            kinked = True
            rates.append(nearer)
        else:
            rates.append((a - b) / (2 * step))
    if kinked:
        saw_kink()
    return _unflattened(here, iter(rates))


def _flat(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [entry for part in value for entry in _flat(part)]
    return list(value.array.flat) if isinstance(value, Precise) else []


def _unflattened(like: Any, entries: Iterator[Any]) -> Any:
    if isinstance(like, (list, tuple)):
        return type(like)(_unflattened(part, entries) for part in like)
    if not isinstance(like, Precise):
        return Precise(0)
    return Precise(np.array([next(entries) for _ in range(like.array.size)], dtype=object).reshape(like.array.shape))


def _quotient(ahead: Any, behind: Any, span: Any) -> Any:
    if isinstance(ahead, (list, tuple)):
        return type(ahead)(_quotient(a, b, span) for a, b in zip(ahead, behind, strict=True))
    return (ahead - behind) / span if isinstance(ahead, Precise) else Precise(0)


def _jet_rate(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_jet_rate(v) for v in value)
    if not isinstance(value, Precise):
        return Precise(0)
    return Precise(entrywise(lambda x: x.rate if isinstance(x, Jet) else 0, value.array))
