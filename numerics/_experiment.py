"""One training run as typed keys: the target, the model, its start and its trainer."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from numerics._architecture import Architecture
from numerics._data import SOURCES, load_data
from numerics._data_record import CONTENT, Data
from numerics._errors import UsageError
from numerics._keys import MAX_SEED, IntegerList
from numerics._matched import gaussian_start, matched_start, paper_start
from numerics._memory import check_memory, check_work
from numerics._problems import Completion, observe
from numerics._starts import unbalance
from numerics._targets import tucker_target
from numerics._tensors import singular_values
from numerics._trainer import Trainer

MAX_ORDER = 12  # modes: theory derives no more
DTYPES = {"float64": torch.float64, "float32": torch.float32}


Prepared = tuple[Architecture, Completion, dict[str, np.ndarray]]  # model, problem and start


class Experiment(BaseModel):
    """Keys of `python -m numerics`; every field is one key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    depth: int = Field(2, ge=0, le=64, description="K, blocks of a chain")
    sizes: IntegerList = Field((25, 25, 25), description="mode sizes of the target")
    rank: IntegerList = Field((), description="multilinear rank of the target (default: a fifth of the sizes)")
    model: Literal["tucker", "cp"] = Field("tucker", description="factorization (order 2, chain=mode: a deep matrix)")
    core: IntegerList = Field((), description="core sizes (default: the mode sizes); cp: number of components")
    chain: Literal["column", "mode", "gate"] = Field("column", description="what a chain is")
    data: str | None = Field(None, description=f"a real tensor: {SOURCES}")
    observed: float = Field(0.3, gt=0, le=1, description="fraction of the (known) entries that is observed")
    start: Literal["balanced", "matrix-balanced", "unbalanced", "gaussian", "paper"] = Field(
        "balanced", description="kind of start"
    )
    size: float | None = Field(None, gt=0, description="size of the start, in the unit of match (default: by depth)")
    match: Literal["std", "slice", "end-to-end", "sigma"] = Field("slice", description="what size fixes")
    eps: float = Field(0.1, ge=0, description="unbalancedness of start=unbalanced")
    optimizer: Literal["gd", "momentum", "group-rmsprop", "rmsprop", "adam"] = Field("gd", description="the rule")
    step: float | None = Field(None, gt=0, description="step size (default: by depth, halved while it diverges)")
    steps: int = Field(50_000, ge=1, description="most steps")
    tolerance: float = Field(2e-3, ge=0, description="relative training error at which the run has converged")
    weight_decay: float = Field(0.0, ge=0, description="adds weight_decay * block to every gradient")
    minibatch: int | None = Field(None, ge=1, description="observations of a step (default: all)")
    route: Literal["fast", "autograd"] = Field("fast", description="closed-form gradients or PyTorch's autograd")
    precision: Literal["float64", "float32"] = Field("float64", description="number type")
    device: str = Field("cpu", pattern=r"^(cpu|cuda(:\d+)?)$", description="cpu or cuda")
    seed: int = Field(0, ge=0, le=MAX_SEED, description="of target, mask and start")
    record: int = Field(100, ge=1, description="steps between records")
    checkpoint: int = Field(1000, ge=1, description="steps between checkpoints")
    out: Path = Field(Path("out"), description="folder for checkpoint, record and pictures")

    @field_validator("sizes", "rank", "core")
    @classmethod
    def _modes(cls, values: tuple[int, ...]) -> tuple[int, ...]:
        if len(values) > MAX_ORDER:
            raise ValueError(f"{len(values)} modes are too many; at most {MAX_ORDER}, one number for each")
        return values

    @model_validator(mode="after")
    def _consistent(self) -> "Experiment":
        if self.data is None:
            if min(self.sizes, default=0) < 1:
                raise ValueError(f"sizes must name mode sizes of at least 1, got {self.sizes}")
            if self.rank and len(self.rank) != len(self.sizes):
                raise ValueError(f"{len(self.sizes)} sizes but {len(self.rank)} ranks: give one rank for each mode")
        elif {"sizes", "rank"} & self.model_fields_set:
            raise ValueError("sizes and rank describe a generated target: leave them out with data=")
        return self

    def load(self) -> Data:
        """The tensor to be completed, from its file or generated, with what is known of it.

        Raises:
            UsageError: it cannot be read, or would not fit into memory.
        """
        if self.data is not None:
            return load_data(self.data, self._check)
        self._check(self.sizes)  # before anything of that size is made
        rank = self.rank or tuple(max(1, size // 5) for size in self.sizes)
        T = tucker_target(self.sizes, rank, seed=self.seed).numpy()
        return Data(T, np.ones(T.shape, dtype=bool), "generated", f"a tensor of rank {rank}")

    def prepare(self, data: Data) -> Prepared:
        """Model, problem and start for what `load` has returned.

        The target's largest mode singular value becomes 1; with weights of mean 1 the flow time is O(1).
        """
        dtype = DTYPES[self.precision]
        self._check(data.sizes)  # before its singular values are taken
        architecture = self._architecture(data.sizes)
        check_memory(architecture, 1, dtype, optimizer=self.optimizer, device="cpu")
        T = torch.from_numpy(data.scaled()[0].tensor.copy())
        T = T / max(float(singular_values(T, n)[0]) for n in range(T.ndim))
        problem = observe(T, self.observed, known=data.known, seed=self.seed, mean=False).to("cpu", dtype)
        return architecture, problem, self._start(architecture)

    def trainer(self, step: float | None = None, *, prepared: Prepared | None = None) -> Trainer:
        """A trainer at its first step; `step` overrides the key, `prepared` is what `prepare` has returned."""
        architecture, problem, start = self.prepare(self.load()) if prepared is None else prepared
        return Trainer(
            architecture,
            {name: value.astype(self.precision) for name, value in start.items()},
            problem,
            step=step or self.first_step(architecture),
            optimizer=self.optimizer,
            weight_decay=self.weight_decay,
            route=self.route,
            minibatch=self.minibatch,
            seed=self.seed,
            device=self.device,
            explain=self.step is not None,  # else the next step is tried, whatever it was
        )

    def first_step(self, architecture: Architecture) -> float:
        """The key, else 2 / degree, 2 over the sharpness of a fitted component (12); adaptive rules 2e-3."""
        if self.step is not None:
            return self.step
        if self.optimizer in ("adam", "rmsprop", "group-rmsprop"):
            return 2e-3
        step = 2 / architecture.degree
        return step / 10 if self.optimizer == "momentum" else step

    def identity(self, content: str | None) -> dict[str, Any]:
        """What run this is: all keys but where it writes, and a real tensor by its content, whatever file it lies in.

        A generated tensor is told by the keys that generate it.
        """
        keys = self.model_dump(mode="json", exclude={"out", "checkpoint"})
        if self.data is not None:
            keys = {key: value for key, value in keys.items() if key not in ("data", "sizes", "rank")}
            keys[CONTENT] = content
        return keys

    def describe(self, data: Data) -> dict[str, Any]:
        """What a checkpoint must agree with to be continued: all that changes the path."""
        return {key: value for key, value in self.identity(data.content).items() if key not in ("steps", "tolerance")}

    def _check(self, sizes: tuple[int, ...]) -> None:
        """Raises: UsageError where memory or minutes would not do."""
        if len(sizes) > MAX_ORDER:
            raise UsageError(f"data={self.data}: has {len(sizes)} modes, at most {MAX_ORDER} can be trained; join some")
        architecture = self._architecture(sizes)
        check_memory(architecture, 1, torch.float64, optimizer=self.optimizer)
        check_work(architecture)

    def _architecture(self, sizes: tuple[int, ...]) -> Architecture:
        return Architecture(self.depth, sizes, self.core or None, self.chain, model=self.model)

    def _start(self, architecture: Architecture) -> dict[str, np.ndarray]:
        if self.start == "paper":
            return paper_start(architecture, 5e-4 if self.size is None else self.size, seed=self.seed)
        size = self.size
        if size is None:
            # Escape takes a time ~ size^(2 - degree), (12): the same for all depths and orders with this choice.
            size = 0.08 ** (1 / max(1, architecture.degree - 2))
        if self.start == "gaussian":
            if self.match != "std" and self.size is not None:
                raise UsageError("start=gaussian is sized by match=std only")
            return gaussian_start(architecture, size if self.size else 0.1, seed=self.seed)
        start = matched_start(
            architecture, size, by=self.match, matrices=self.start == "matrix-balanced", seed=self.seed
        )
        return unbalance(architecture, start, self.eps) if self.start == "unbalanced" else start
