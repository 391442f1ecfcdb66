"""The trainer: one interface over the fast path (closed-form gradients) and the reference path (autograd)."""

import math
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from numerics._architecture import Architecture
from numerics._closed_form import ClosedForm
from numerics._errors import DivergenceError, UsageError
from numerics._memory import check_memory
from numerics._model import DeepTucker, compose
from numerics._observables import watch, watch_point
from numerics._optimizers import make_optimizer
from numerics._problems import Problem, check_sizes
from numerics._sharpness import enough_iterations, problem_sharpness

ROUTES = ("fast", "autograd")
CHECK_EVERY = 50  # steps between looks at the loss where a look is dear
ANCHOR_EVERY = 100  # steps between copies of the blocks from which a divergence report estimates the sharpness


class Trainer:
    """Gradient descent of one batch of models on one problem, step by step, with a state that can be saved.

    Arguments:
        parameters: start, each block (*batch, *shape); copied.
        problem: what is observed; its arrays are shared or have the same batch.
        step: step size.
        optimizer: a key of `OPTIMIZERS`; `options` are passed on.
        weight_decay: adds weight_decay * block to every gradient.
        route: "fast" (closed form, in place) or "autograd" (nn.Module and torch.optim).
        minibatch: observations drawn afresh for every step, or None for all.
        device: "cpu" or "cuda"; dtype: by default that of the problem.
        limit: a loss above limit * (first loss + 1) counts as divergence.
        explain: say 2 / sharpness with a divergence, which takes as long as a hundred steps.

    Raises:
        UsageError: for a problem that cannot be trained, before training starts.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Mapping[str, Any],
        problem: Problem,
        *,
        step: float,
        optimizer: str = "gd",
        weight_decay: float = 0.0,
        route: str = "fast",
        minibatch: int | None = None,
        seed: int = 0,
        device: str = "cpu",
        dtype: torch.dtype | None = None,
        limit: float = 1e6,
        explain: bool = True,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if route not in ROUTES:
            raise UsageError(f"unknown route {route!r}; one of {', '.join(ROUTES)}")
        if not (step > 0 and math.isfinite(step)) or weight_decay < 0:
            raise UsageError(f"step must be positive and weight decay not negative, got {step}, {weight_decay}")
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise UsageError(f"device={device} asks for a CUDA device and this machine has none; use device=cpu")
        check_sizes(problem, architecture.sizes)
        start = {name: torch.as_tensor(value) for name, value in parameters.items()}
        self.batch = architecture.batch_shape(start)
        if problem.batch not in ((), self.batch):
            raise UsageError(f"the problem has batch {problem.batch}, the start {self.batch}")
        dtypes = {str(value.dtype) for value in start.values()} | {str(problem.dtype)}
        if len(dtypes) > 1 and dtype is None:
            raise UsageError(f"mixed dtypes {', '.join(sorted(dtypes))}: convert blocks and problem to one")
        dtype = problem.dtype if dtype is None else dtype
        check_memory(architecture, prod(self.batch), dtype, optimizer=optimizer, device=device)
        self.architecture, self.step, self.optimizer, self.route = architecture, float(step), optimizer, route
        self.weight_decay, self.limit, self.minibatch = weight_decay, limit, minibatch
        self.problem = problem.to(device, dtype)
        self._on_cpu = device == "cpu"
        self._anchor: dict[str, Tensor] = {}
        self._explain = explain
        self.index = 0
        self.ceiling = math.inf
        self._generator = torch.Generator().manual_seed(seed)
        blocks = {n: start[n].detach().to(device, dtype, copy=True).contiguous() for n in architecture.shapes}
        options = dict(options or {})
        if optimizer == "group-rmsprop":
            options["batch_dims"] = len(self.batch)
        self._form: ClosedForm | None = None
        self._model: DeepTucker | None = None
        self._rule: torch.optim.Optimizer | None = None
        if route == "autograd":
            self._model = DeepTucker(architecture, blocks)
            self.blocks: dict[str, Tensor] = dict(self._model.blocks)
        else:
            self.blocks = blocks
            plain = optimizer == "gd" and not options
            self._form = ClosedForm(
                architecture, blocks, self.problem, descent=(self.step, weight_decay) if plain else None
            )
            for name, gradient in self._form.gradients.items():
                blocks[name].grad = gradient
        if self._model is not None or self._form is None or self._form.descent is None:
            values = list(self.blocks.values())
            self._rule = make_optimizer(optimizer, values, step=step, weight_decay=weight_decay, **options)

    @property
    def parameters(self) -> dict[str, Tensor]:
        """The blocks as they are now, detached but not copied."""
        return {name: block.detach() for name, block in self.blocks.items()}

    @property
    def W(self) -> Tensor:
        """End-to-end tensor of the blocks as they are now."""
        if self._form is not None:
            return self._form.W
        return compose(self.architecture, self.parameters)

    def watch(self) -> dict[str, Tensor]:
        """All observables at the blocks as they are now, as `watch` names them."""
        if self._form is None:
            return watch(self.architecture, self.parameters, self.problem, self.W)
        return watch_point(self.architecture, self.problem, self._form.look())

    def advance(self, steps: int = 1) -> Float[Tensor, "*batch"]:
        """Take steps; returns the losses before the last of them.

        Raises:
            DivergenceError: if the summed loss stops being finite or passes the limit.
        """
        every = 1 if self._on_cpu else CHECK_EVERY  # reading a loss waits for a CUDA device
        losses = torch.empty(0)
        for count in range(steps):
            if self._explain and self.index % ANCHOR_EVERY == 0 and self.optimizer != "adam":
                self._drop_anchor()
            losses = self._once()
            if self.index % every == 0 or count == steps - 1:
                self._check(losses)
            self.index += 1
        return losses

    def _once(self) -> Tensor:
        weights = None
        if self.minibatch is not None:
            weights = self.problem.minibatch(self.minibatch, self._generator, self.batch)
        if self._form is not None:
            losses = self._form(weights)
        else:
            assert self._model is not None
            assert self._rule is not None
            self._rule.zero_grad(set_to_none=True)
            per_problem = self.problem.with_weights(weights).loss(self._model())
            per_problem.sum().backward()
            losses = per_problem.detach()
        if self._rule is not None:
            self._rule.step()
        return losses

    def _check(self, losses: Tensor) -> None:
        total = float(losses.sum() if losses.ndim else losses)
        if self.ceiling == math.inf and math.isfinite(total):
            self.ceiling = self.limit * (total + 1)
        if not total <= self.ceiling:
            worst = int(torch.nan_to_num(losses, nan=math.inf).flatten().argmax())
            raise DivergenceError(self.index, total, self.step, self.stable_step(), worst)

    def _drop_anchor(self) -> None:
        """Keep a copy of the blocks while they are finite."""
        if all(bool(torch.isfinite(block).all()) for block in self.blocks.values()):
            if not self._anchor:
                self._anchor = {name: torch.empty_like(block) for name, block in self.parameters.items()}
            for name, block in self.parameters.items():
                self._anchor[name].copy_(block)

    def stable_step(self) -> float | None:
        """2 / sharpness of the stiffest problem at the last good copy of the blocks; None if it cannot be had."""
        if not self._anchor:
            return None
        iterations = enough_iterations(self.architecture)
        top = float(problem_sharpness(self.architecture, self._anchor, self.problem, iterations=iterations).max())
        return 2 / top if math.isfinite(top) and top > 0 else None

    def state(self) -> dict[str, np.ndarray]:
        """Everything the next step depends on, as plain arrays."""
        arrays = {f"block/{name}": block.detach().cpu().numpy().copy() for name, block in self.blocks.items()}
        arrays["index"] = np.array(self.index)
        arrays["ceiling"] = np.array(self.ceiling)
        arrays["generator"] = self._generator.get_state().numpy().copy()
        if self._rule is not None:
            for place, entries in self._rule.state_dict()["state"].items():
                for key, value in entries.items():
                    if value is not None:
                        arrays[f"optimizer/{place}/{key}"] = torch.as_tensor(value).cpu().numpy().copy()
        return arrays

    def load(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Continue from a saved state: the same run, bit for bit.

        Raises:
            UsageError: if the state belongs to another architecture.
        """
        with torch.no_grad():
            for name, block in self.blocks.items():
                saved = arrays.get(f"block/{name}")
                if saved is None or saved.shape != tuple(block.shape):
                    raise UsageError(f"the checkpoint has no block {name!r} of shape {tuple(block.shape)}")
                block.copy_(torch.from_numpy(saved.copy()))
        self.index, self.ceiling = int(arrays["index"]), float(arrays["ceiling"])
        self._generator.set_state(torch.from_numpy(arrays["generator"].copy()))
        if self._rule is not None:
            whole = self._rule.state_dict()
            state: dict[int, dict[str, Tensor]] = {}
            for name, value in arrays.items():
                if name.startswith("optimizer/"):
                    _, place, key = name.split("/", 2)
                    state.setdefault(int(place), {})[key] = torch.from_numpy(value.copy())
            self._rule.load_state_dict({"state": state, "param_groups": whole["param_groups"]})
