"""Closed-form gradient of deep Tucker and CP models: a fixed list of matrix products into fixed buffers, no autograd.

The core is multiplied mode by mode with the contracted axis always first and the new one put last, so that every
product is one plain matrix multiplication of contiguous arrays: (R_n, rest)^T U^(n)T gives (rest, I_n). After N of
them the axes are back in order. Backwards the same in reverse: U^(n)T B^T gives (R_n, rest). One problem uses 2-d
products, a batch the same list with batched ones.

CP splits the modes in two halves: W = P Q^T, where row (i_1, .., i_m) of P is the entrywise product of those rows of
the first m factors, and Q the same for the others. So the tensor meets three matrix products, whatever the order.

On a CPU the products are NumPy's, on views of the tensors' own memory: measured on an AMD EPYC, its OpenBLAS takes
these shapes (a transposed operand with a long side, many small matrices times vectors) up to five times faster than
the MKL in PyTorch, and none more than noise slower. On other devices they are PyTorch's.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from numerics._architecture import Architecture
from numerics._observables import Point
from numerics._problems import Problem

Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


def halved(sizes: Sequence[int]) -> int:
    """How many of the first modes go to the left half, so that the two halves have the fewest rows (at least 1)."""
    return min(range(1, max(2, len(sizes))), key=lambda m: prod(sizes[:m]) + prod(sizes[m:]))


class ClosedForm:
    """Losses and gradients of one architecture and problem, for parameters held in place.

    Arguments:
        blocks: the parameters, contiguous, (*batch, *shape) with one common batch; they are read at every call and,
            with `descent`, updated in place.
        descent: (step, weight decay) of plain gradient descent: every gradient is then added to its block by the same
            product that computes it, and no gradient is stored. None: gradients go to `gradients`.
    """

    def __init__(
        self,
        architecture: Architecture,
        blocks: dict[str, Tensor],
        problem: Problem,
        *,
        descent: tuple[float, float] | None = None,
    ) -> None:
        self.architecture, self.problem, self.descent = architecture, problem, descent
        self.batch = architecture.batch_shape(blocks)
        self._lead = (prod(self.batch),) if self.batch else ()
        self.parameters = {name: block.detach() for name, block in blocks.items()}
        self.blocks = {n: b.detach().view(*self._lead, *architecture.shapes[n]) for n, b in blocks.items()}
        some = next(iter(self.blocks.values()))
        self.gradients = {} if descent else {n: torch.zeros_like(b) for n, b in blocks.items()}
        self._gradient_views = {n: g.view(self.blocks[n].shape) for n, g in self.gradients.items()}
        self._new = some.new_empty
        self._on_cpu = some.device.type == "cpu"
        self._forward: list[Call] = []
        self._backward: list[Call] = []
        self._chains: list[_Chain] = []
        self._looked: tuple[list[int], Tensor] | None = None
        self._plan()
        for chain in self._chains:
            del chain.form  # a circle would keep all blocks until the cycle collector comes by
        sizes = (*self.batch, *architecture.sizes)
        self._at_problem = self._residual.view(sizes), self._D.view(sizes)

    @property
    def W(self) -> Float[Tensor, "*batch_and_sizes"]:
        """End-to-end tensor of the blocks as they are now (a copy)."""
        self._compose()
        return self._at_problem[0].clone()

    def look(self) -> Point:
        """What the next step computes first, and will not compute again if the blocks are still these.

        D, residual and the factors are the buffers of this object: they hold until the next call of anything.
        """
        W = self.W
        residual, D = self._at_problem
        losses = self.problem.gradient_(residual, D)
        self._looked = self._versions(), losses
        factors = [chain.value.view(*self.batch, *chain.value.shape[-2:]) for chain in self._chains]
        return Point(self.parameters, W, losses, D, residual, factors)

    def _versions(self) -> list[int]:
        """PyTorch counts every change of a tensor in place, through whichever view it is made."""
        return [block._version for block in self.blocks.values()]

    def _compose(self) -> None:
        """W of the blocks as they are into the first buffer of the problem."""
        self._looked = None
        if self.architecture.depth == 0:
            self._residual.copy_(self.blocks["G"])
        self._run(self._forward)

    def __call__(self, weights: Tensor | None = None) -> Float[Tensor, "*batch"]:
        """Losses at the blocks as they were; then the gradients are in `gradients`, or the blocks are stepped."""
        if weights is None and self._looked is not None and self._looked[0] == self._versions():
            losses = self._looked[1]
        else:
            self._compose()
            losses = self.problem.gradient_(*self._at_problem, weights)
        self._looked = None
        self._run(self._backward)
        return losses

    @staticmethod
    def _run(calls: list[Call]) -> None:
        for function, arguments, options in calls:
            function(*arguments, **options)

    def _product(self, calls: list[Call], left: Tensor, right: Tensor, out: Tensor) -> None:
        if self._on_cpu:
            calls.append((np.matmul, (left.numpy(), right.numpy()), {"out": out.numpy()}))
        else:
            calls.append((torch.matmul, (left, right), {"out": out}))

    def _step_along(self, block: Tensor, gradient: Tensor) -> None:
        """With `descent`: one step of `block` along a gradient that is there when the call comes."""
        assert self.descent is not None
        step, decay = self.descent
        if decay:
            self._backward.append((block.mul_, (1 - step * decay,), {}))
        self._backward.append((block.add_, (gradient,), {"alpha": -step}))

    def _plan(self) -> None:
        architecture, lead = self.architecture, self._lead
        sizes, ranks, order = architecture.sizes, architecture.ranks, architecture.order
        cells = prod(sizes)
        if architecture.depth == 0:
            self._residual, self._D = self._new(*lead, cells), self._new(*lead, cells)
            self._residual, self._D = self._residual.view(*lead, *sizes), self._D.view(*lead, *sizes)
            self._plan_leaf("G", self._D)
            return
        factors = self._chains = [_chain(self, n) for n in range(order)]
        if architecture.model == "cp":
            self._plan_cp(factors)
            return
        rest = [prod(ranks[n + 1 :]) * prod(sizes[:n]) for n in range(order)]
        largest = max(cells, *(ranks[n] * rest[n] for n in range(order)))
        first, second = self._new(*lead, largest), self._new(*lead, largest)
        partials = [self.blocks["G"].flatten(len(lead)).view(*lead, ranks[0], rest[0])]
        for n in range(order):
            flat = first[..., :cells] if n == order - 1 else self._new(*lead, rest[n] * sizes[n])
            self._product(self._forward, partials[n].mT, factors[n].value.mT, flat.view(*lead, rest[n], sizes[n]))
            if n < order - 1:
                partials.append(flat.view(*lead, ranks[n + 1], rest[n + 1]))
        self._residual, self._D = first[..., :cells], second[..., :cells]
        spare, back = first, self._D.view(*lead, rest[-1], sizes[-1])
        G = partials[0]
        for n in reversed(range(order)):
            self._product(self._backward, back.mT, partials[n].mT, factors[n].back)
            if n:
                flat = spare[..., : ranks[n] * rest[n]]
                self._product(self._backward, factors[n].value.mT, back.mT, flat.view(*lead, ranks[n], rest[n]))
                back = flat.view(*lead, rest[n - 1], sizes[n - 1])
                spare = second if spare is first else first
            else:
                core = spare[..., : ranks[0] * rest[0]].view(*lead, ranks[0], rest[0])
                if self.descent is None:
                    core = self._gradient_views["G"].flatten(len(lead)).view(G.shape)
                self._product(self._backward, factors[0].value.mT, back.mT, core)
                if self.descent is not None:
                    self._step_along(G, core)
            factors[n].plan_backward()

    def _plan_cp(self, factors: Sequence["_Chain"]) -> None:
        architecture, lead = self.architecture, self._lead
        m = halved(architecture.sizes)
        left, right = _ColumnProducts(self, factors[:m]), _ColumnProducts(self, factors[m:])
        rows = left.value.shape[-2], right.value.shape[-2]
        self._residual, self._D = (self._new(*lead, prod(rows)) for _ in range(2))
        self._product(self._forward, left.value, right.value.mT, self._residual.view(*lead, *rows))
        D = self._D.view(*lead, *rows)
        self._product(self._backward, D, right.value, left.back)
        self._product(self._backward, D.mT, left.value, right.back)
        for half in (left, right):
            half.plan_backward()
        for chain in factors:
            chain.plan_backward()

    def _plan_leaf(self, name: str, gradient: Tensor) -> None:
        """A block whose gradient is already there: store it or step along it."""
        block = self.blocks[name]
        if self.descent is None:
            self._backward.append((self._gradient_views[name].copy_, (gradient,), {}))
        else:
            self._step_along(block, gradient)


class _Chain:
    """Forward and backward of one chain: `value` is U^(n) (I, R), `back` receives dL/dU^(n) (I, R)."""

    def __init__(self, form: ClosedForm, mode: int) -> None:
        self.form, self.architecture = form, form.architecture
        self.last = form.blocks[f"a{mode + 1}"]
        self.name = f"a{mode + 1}"
        self.links = self.architecture.links(mode)
        self.suffixes: list[Tensor] = []
        self.value, self.back = self._plan_forward()

    def _plan_forward(self) -> tuple[Tensor, Tensor]:
        form, shape = self.form, self.last.shape
        suffix = self.last
        for name in reversed(self.links):
            self.suffixes.insert(0, suffix)
            result = form._new(shape)
            self._forward(form.blocks[name], suffix, result)
            suffix = result
        return suffix, form._new(shape)

    def _forward(self, A: Tensor, suffix: Tensor, result: Tensor) -> None:
        self.form._product(self.form._forward, A, suffix, result)

    def plan_backward(self) -> None:
        """Append what turns `back` into the gradients of the chain's blocks, first link first."""
        form, back = self.form, self.back
        for name, suffix in zip(self.links, self.suffixes, strict=True):
            A = form.blocks[name]
            through = form._new(back.shape)
            form._product(form._backward, A.mT, back, through)
            gradient = form._new(A.shape) if form.descent else form._gradient_views[name]
            form._product(form._backward, back, suffix.mT, gradient)
            if form.descent:
                form._step_along(A, gradient)
            back = through
        form._plan_leaf(self.name, back)


class _ModeChain(_Chain):
    """chain="mode": matrices A_k (I, I) shared by all columns; also every chain of depth 1."""


class _ColumnChain(_Chain):
    """chain="column": the columns go as rows (R, I) through their own matrices.

    Only U^(n) itself lies in memory as (I, R): the products with the core are up to 20 % faster when they read its
    transpose as a transposed array, and a matrix-vector product writes strided vectors at no cost.
    """

    def _plan_forward(self) -> tuple[Tensor, Tensor]:
        form = self.form
        shape = self.last.mT.shape
        rows = form._new(shape)
        form._forward.append((rows.copy_, (self.last.mT,), {}))
        for k, name in reversed(list(enumerate(self.links))):
            self.suffixes.insert(0, rows)
            result = form._new(shape) if k else form._new(self.last.shape).mT
            self._times(form._forward, form.blocks[name], rows, result)
            rows = result
        return rows.mT, form._new(shape).mT

    def _times(self, calls: list[Call], A: Tensor, rows: Tensor, out: Tensor) -> None:
        """out[r] = A[r] rows[r]."""
        if self.form._on_cpu and hasattr(np, "matvec"):  # NumPy >= 2.2
            calls.append((np.matvec, (A.numpy(), rows.numpy()), {"out": out.numpy()}))
        else:
            self.form._product(calls, A, rows.unsqueeze(-1), out.unsqueeze(-1))

    def plan_backward(self) -> None:
        form, back = self.form, self.back.mT
        for name, suffix in zip(self.links, self.suffixes, strict=True):
            A = form.blocks[name]
            through = form._new(back.shape)
            self._times(form._backward, A.mT, back, through)
            if form.descent is None:
                outer = form._gradient_views[name]
                form._backward.append((torch.mul, (back.unsqueeze(-1), suffix.unsqueeze(-2)), {"out": outer}))
            else:
                step, decay = form.descent
                if decay:
                    form._backward.append((A.mul_, (1 - step * decay,), {}))
                form._backward.append((A.addcmul_, (back.unsqueeze(-1), suffix.unsqueeze(-2)), {"value": -step}))
            back = through
        form._plan_leaf(self.name, back.mT)


class _GateChain(_Chain):
    """chain="gate": scalars (R,) in front of the columns."""

    def _forward(self, A: Tensor, suffix: Tensor, result: Tensor) -> None:
        self.form._forward.append((torch.mul, (suffix, A.unsqueeze(-2)), {"out": result}))

    def plan_backward(self) -> None:
        form, back = self.form, self.back
        for name, suffix in zip(self.links, self.suffixes, strict=True):
            A = form.blocks[name]
            through, product, gradient = form._new(back.shape), form._new(back.shape), form._new(A.shape)
            form._backward += [
                (torch.mul, (back, A.unsqueeze(-2)), {"out": through}),
                (torch.mul, (back, suffix), {"out": product}),
                (torch.sum, (product,), {"dim": -2, "out": gradient}),
            ]
            form._plan_leaf(name, gradient)
            back = through
        form._plan_leaf(self.name, back)


class _ColumnProducts:
    """Entrywise products of the rows of some factors: `value` (I_a I_b .., R), `back` receives dL/dvalue."""

    def __init__(self, form: ClosedForm, chains: Sequence[_Chain]) -> None:
        self.form, self.chains = form, chains
        R = form.architecture.ranks[0]
        self.partials = [chain.value for chain in chains[:1]] or [form._new(*form._lead, 1, R).fill_(1.0)]
        for chain in chains[1:]:
            before, U = self.partials[-1], chain.value
            result = form._new(*form._lead, before.shape[-2], U.shape[-2], R)
            form._forward.append((torch.mul, (before.unsqueeze(-2), U.unsqueeze(-3)), {"out": result}))
            self.partials.append(result.flatten(-3, -2))
        self.value = self.partials[-1]
        self.back = chains[0].back if len(chains) == 1 else form._new(self.value.shape)

    def plan_backward(self) -> None:
        """Append what turns `back` into the `back` of every chain, last one first."""
        calls, back = self.form._backward, self.back
        for place in range(len(self.chains) - 1, 0, -1):
            chain, before = self.chains[place], self.partials[place - 1]
            cube = back.unflatten(-2, (before.shape[-2], chain.value.shape[-2]))
            through = self.chains[0].back if place == 1 else self.form._new(before.shape)
            terms = self.form._new(cube.shape)
            calls += [
                (torch.mul, (cube, before.unsqueeze(-2)), {"out": terms}),
                (torch.sum, (terms,), {"dim": -3, "out": chain.back}),
                (torch.mul, (cube, chain.value.unsqueeze(-3)), {"out": terms}),
                (torch.sum, (terms,), {"dim": -2, "out": through}),
            ]
            back = through


def _chain(form: ClosedForm, mode: int) -> _Chain:
    if form.architecture.depth < 2:
        return _ModeChain(form, mode)
    kinds: dict[str, type[_Chain]] = {"mode": _ModeChain, "column": _ColumnChain, "gate": _GateChain}
    return kinds[form.architecture.chain](form, mode)
