"""Speed of the trainer against idiomatic PyTorch, as ratios measured in this run; 1 thread, float64.

python benchmarks/numerics_trainer.py
"""

import string
import time
import warnings
from collections.abc import Callable
from functools import partial
from math import prod

import numpy as np
import torch
from _measure import report, seconds_of, spread

from numerics import Architecture, Completion, Trainer, observe, train


def problem_of(architecture: Architecture, batch: tuple[int, ...] = (), std: float = 0.05):
    generator = torch.Generator().manual_seed(0)
    target = torch.randn(*batch, *architecture.sizes, generator=generator, dtype=torch.float64)
    start = {
        name: std * torch.randn(*batch, *shape, generator=generator, dtype=torch.float64)
        for name, shape in architecture.shapes.items()
    }
    return start, observe(target, 0.5, order=architecture.order)


def idiomatic(architecture: Architecture, start, problem: Completion, step: float = 1e-3):
    """What one writes in PyTorch: parameters, einsum batched over columns, autograd, torch.optim.SGD."""
    blocks = {name: torch.nn.Parameter(value.clone()) for name, value in start.items()}
    rule = torch.optim.SGD(blocks.values(), lr=step)
    order = architecture.order
    core, out = string.ascii_lowercase[:order], string.ascii_uppercase[:order]
    equation = f"{core}," + ",".join(o + c for o, c in zip(out, core, strict=True)) + f"->{out}"

    def along_modes(factors: list[torch.Tensor]) -> torch.Tensor:
        W = blocks["G"]
        for U in factors:  # tensordot puts the new mode last: after all modes they are in order
            W = torch.tensordot(W, U, dims=([0], [1]))
        return W

    def at_once(factors: list[torch.Tensor]) -> torch.Tensor:
        return torch.einsum(equation, blocks["G"], *factors)

    def advance(multiply: Callable[[list[torch.Tensor]], torch.Tensor]) -> None:
        rule.zero_grad()
        factors = []
        for mode in range(order):
            U = blocks[f"a{mode + 1}"]
            for name in reversed(architecture.links(mode)):
                U = torch.einsum("rij,jr->ir", blocks[name], U) if architecture.chain == "column" else blocks[name] @ U
            factors.append(U)
        loss = (problem.weights * (multiply(factors) - problem.target) ** 2).sum() / 2
        loss.backward()
        rule.step()

    return partial(advance, along_modes), partial(advance, at_once)


def per_column(architecture: Architecture, start, problem: Completion, step: float = 1e-3):
    """One autograd variable for every column and every chain matrix, as the paper's code holds them."""
    core = torch.nn.Parameter(start["G"].clone())
    columns, chains = [], []
    for mode, rank in enumerate(architecture.ranks):
        columns.append([torch.nn.Parameter(start[f"a{mode + 1}"][:, r].clone()) for r in range(rank)])
        chains.append(
            [[torch.nn.Parameter(start[name][r].clone()) for name in architecture.links(mode)] for r in range(rank)]
        )
    flat = [core, *(c for mode in columns for c in mode), *(A for mode in chains for links in mode for A in links)]
    rule = torch.optim.SGD(flat, lr=step)

    def advance() -> None:
        rule.zero_grad()
        W = core
        for mode in range(architecture.order):
            vectors = []
            for column, links in zip(columns[mode], chains[mode], strict=True):
                for A in reversed(links):
                    column = A @ column
                vectors.append(column)
            W = torch.tensordot(W, torch.stack(vectors, dim=1), dims=([0], [1]))
        loss = (problem.weights * (W - problem.target) ** 2).sum() / 2
        loss.backward()
        rule.step()

    return advance


def against_pytorch() -> None:
    for size, depth, target in ((25, 2, 1.8), (25, 4, 2.5)):
        architecture = Architecture(depth, (size,) * 3)
        start, problem = problem_of(architecture)
        tensordot, einsum = idiomatic(architecture, start, problem)
        fast = Trainer(architecture, start, problem, step=1e-3)
        times = seconds_of({"fast": fast.advance, "tensordot": tensordot, "einsum": einsum}, seconds=4)
        best = np.minimum(times["tensordot"], times["einsum"])
        report(f"one {size}^3 problem, column, K={depth}: PyTorch / fast path", spread(best / times["fast"]), target)
    for size, target in ((5, 40), (10, 12)):
        architecture = Architecture(3, (size,) * 3, None, "mode")
        start, problem = problem_of(architecture)
        tensordot, einsum = idiomatic(architecture, start, problem)
        starts, problems = problem_of(architecture, (64,))
        batch = Trainer(architecture, starts, problems, step=1e-3)
        times = seconds_of({"batch": batch.advance, "tensordot": tensordot, "einsum": einsum}, seconds=3)
        ratio = spread(np.minimum(times["tensordot"], times["einsum"]) / (times["batch"] / 64))
        report(f"per problem in a batch of 64 at {size}^3, mode, K=3: PyTorch / fast path", ratio, target)
    for size, target in ((10, 8), (25, 4)):
        architecture = Architecture(2, (size,) * 3)
        start, problem = problem_of(architecture)
        fast = Trainer(architecture, start, problem, step=1e-3)
        times = seconds_of({"fast": fast.advance, "columns": per_column(architecture, start, problem)}, seconds=3)
        ratio = spread(times["columns"] / times["fast"])
        report(f"against one variable per column and matrix at {size}^3, K=2", ratio, target)


def multiplications(architecture: Architecture) -> float:
    """Floating-point operations of the matrix products of one step (2 for each multiply-add)."""
    sizes, ranks, order = architecture.sizes, architecture.ranks, architecture.order
    modes = sum(3 * prod(ranks[n:]) * prod(sizes[: n + 1]) for n in range(order))
    columns = ranks if architecture.chain == "column" else (1,) * order
    width = [1 if architecture.chain == "column" else rank for rank in ranks]
    links = sum(3 * (architecture.depth - 1) * c * i * i * w for c, i, w in zip(columns, sizes, width, strict=True))
    return 2.0 * (modes + links)


def against_the_machine() -> None:
    left, right = torch.randn(1024, 1024, dtype=torch.float64), torch.randn(1024, 1024, dtype=torch.float64)
    product = torch.empty_like(left)
    squares = {  # the better of the two libraries is what the machine can do
        "torch": lambda: torch.mm(left, right, out=product),
        "numpy": lambda: np.matmul(left.numpy(), right.numpy(), out=product.numpy()),
    }
    for chain, depth in (("mode", 2), ("column", 1), ("column", 2)):
        architecture = Architecture(depth, (64,) * 3, None, chain)
        start, problem = problem_of(architecture, std=0.02)
        fast = Trainer(architecture, start, problem, step=1e-4)
        times = seconds_of({"fast": fast.advance, **squares}, seconds=4)
        rate = multiplications(architecture) / times["fast"]
        machine = 2 * 1024**3 / np.minimum(times["torch"], times["numpy"])
        label = f"64^3, {chain}, K={depth}: rate over matrix-multiply rate ({np.median(machine) / 1e9:.0f} GFlop/s)"
        report(label, spread(100 * rate / machine), 60, "%")


def scaling() -> None:
    jobs = {}
    for depth in (1, 2, 4, 8):
        architecture = Architecture(depth, (20,) * 3)
        start, problem = problem_of(architecture)
        jobs[f"K={depth}"] = Trainer(architecture, start, problem, step=1e-3).advance
    times = seconds_of(jobs)
    slopes = [(times[f"K={b}"] - times[f"K={a}"]) / (b - a) for a, b in ((2, 4), (4, 8))]
    report("cost per step linear in K: slope from 4 to 8 over slope from 2 to 4", spread(slopes[1] / slopes[0]), None)
    rates = []
    for size in (16, 32, 64):
        architecture = Architecture(2, (size,) * 3, None, "mode")
        start, problem = problem_of(architecture)
        seconds = np.median(seconds_of({"fast": Trainer(architecture, start, problem, step=1e-3).advance})["fast"])
        rates.append(multiplications(architecture) / seconds / 1e9)
    print("rate at 16^3, 32^3, 64^3 (GFlop/s of the needed products): " + ", ".join(f"{r:.1f}" for r in rates))


def memory() -> None:
    architecture = Architecture(2, (40,) * 3)
    start, problem = problem_of(architecture)
    fast = Trainer(architecture, start, problem, step=1e-3)
    form = fast._form
    held = {value.untyped_storage().data_ptr(): value.untyped_storage().nbytes() for value in _tensors(form)}
    held |= {v.untyped_storage().data_ptr(): v.untyped_storage().nbytes() for v in fast._anchor.values()}
    parameters = 8 * architecture.parameter_count
    tensor = 8 * prod(architecture.sizes)
    copies = sum(b.untyped_storage().nbytes() for b in fast.blocks.values()) / parameters
    print(
        f"memory at 40^3, K=2, GD: {sum(held.values()) / 2**20:.1f} MiB held by the fast path; "
        f"parameters {parameters / 2**20:.1f} MiB ({copies:.0f} copy and 1 for divergence reports), "
        f"tensor {tensor / 2**20:.1f} MiB"
    )
    allowed = 4 * parameters + 4 * tensor
    share = spread(np.array(sum(held.values()) / allowed))
    report("memory over 4 copies of the parameters and 4 of the tensor", share, 1.0, at_most=True)


def _tensors(form) -> list[torch.Tensor]:
    found = list(form.blocks.values())
    for calls in (form._forward, form._backward):
        for _, arguments, options in calls:
            for value in (*arguments, *options.values()):
                if isinstance(value, np.ndarray):
                    while isinstance(value.base, np.ndarray):
                        value = value.base
                    value = value.base if isinstance(value.base, torch.Tensor) else torch.from_numpy(value)
                if isinstance(value, torch.Tensor):
                    found.append(value)
    return [*found, form.problem.target, form.problem.weights, form._residual, form._D]


def observing() -> None:
    architecture = Architecture(2, (25,) * 3)
    start, problem = problem_of(architecture)

    def run(watched: bool) -> float:
        trainer = Trainer(architecture, start, problem, step=1e-3)
        began = time.process_time()
        train(trainer, steps=500, record_every=100 if watched else 500, watch=Trainer.watch if watched else None)
        return time.process_time() - began

    # 500 steps stand for 10,000, the cost being per step; their 6 records are one more than their share of 101
    turns = [(run(True), run(False)) for _ in range(30)]
    seen, plain = np.array(turns).T
    extra = spread(100 * (seen / plain - 1) * 5 / 6)
    report("observables every 100 steps, 25^3, K=2: extra time", extra, 5, "%", at_most=True)


def against_tensorly() -> None:
    try:
        import tensorly
        from tensorly.decomposition import tucker
    except ImportError:
        print("TensorLy is not installed: its masked Tucker is not measured (pip install 'deep-tucker-verify[data]')")
        return
    architecture = Architecture(1, (25,) * 3, (5,) * 3)
    start, problem = problem_of(architecture)
    target, mask = problem.target.numpy(), (problem.weights != 0).numpy().astype(float)
    tensorly.set_backend("numpy")
    fast = Trainer(architecture, start, problem, step=1e-3)

    def masked() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tucker(target, rank=[5, 5, 5], n_iter_max=20, mask=mask, init="random", random_state=0, tol=0)

    times = seconds_of({"fast": fast.advance, "tensorly": masked}, seconds=4)
    ratio = spread(times["tensorly"] / 20 / times["fast"])
    report("TensorLy masked Tucker / fast path, one iteration, 25^3 rank 5, K=1", ratio, None)


if __name__ == "__main__":
    print(f"torch {torch.__version__}, {torch.get_num_threads()} thread, float64")
    against_pytorch()
    against_the_machine()
    scaling()
    memory()
    observing()
    against_tensorly()
