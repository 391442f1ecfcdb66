"""How much memory and work a training run needs, and whether there is that much."""

from math import prod
from pathlib import Path

import torch

from numerics._architecture import Architecture
from numerics._closed_form import halved
from numerics._errors import UsageError

COPIES = {"gd": 1, "momentum": 3, "group-rmsprop": 3, "rmsprop": 3, "adam": 4}


def needed_bytes(architecture: Architecture, problems: int, dtype: torch.dtype, *, optimizer: str = "gd") -> int:
    """Bytes of parameters (with gradients and optimizer state), partial products and the problem's arrays."""
    sizes, ranks, order = architecture.sizes, architecture.ranks, architecture.order
    if architecture.model == "cp":
        m = halved(sizes)
        tensors = 6 * prod(sizes) + (order + 4) * (prod(sizes[:m]) + prod(sizes[m:])) * ranks[0]
    else:
        tensors = (order + 4) * max(prod(sizes[:n]) * prod(ranks[n:]) for n in range(order + 1))
    return problems * dtype.itemsize * (COPIES.get(optimizer, 4) * architecture.parameter_count + tensors)


def available_bytes(device: str = "cpu") -> int:
    """Free memory of the device as the operating system or the driver tells it; a huge number if it does not."""
    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info(device)[0])
    limits = []
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                limits.append(int(line.split()[1]) * 1024)
    group = Path("/sys/fs/cgroup")
    ceiling, used = group / "memory.max", group / "memory.current"
    if ceiling.exists() and used.exists() and ceiling.read_text().strip() != "max":
        limits.append(int(ceiling.read_text()) - int(used.read_text()))
    return min(limits, default=1 << 62)


def check_memory(
    architecture: Architecture, problems: int, dtype: torch.dtype, *, optimizer: str = "gd", device: str = "cpu"
) -> None:
    """Refuse a run that does not fit.

    Raises:
        UsageError: with both figures.
    """
    need, have = needed_bytes(architecture, problems, dtype, optimizer=optimizer), available_bytes(device)
    if need > have:
        raise UsageError(
            f"sizes {architecture.sizes}, ranks {architecture.ranks}, depth {architecture.depth} and {problems} "
            f"problem(s) need {need / 2**30:.1f} GiB and {have / 2**30:.1f} GiB are free: {_smaller(architecture)}"
        )


MOST_WORK = 5e11  # operations, minutes of a core, before the first step or in one


def check_work(architecture: Architecture) -> None:
    """Refuse a run whose singular values, or whose single steps, take many minutes.

    Raises:
        UsageError: with what would be smaller.
    """
    sizes, ranks = architecture.sizes, architecture.ranks
    whole = prod(sizes)
    spectra = sum(8 / 3 * min(size, whole // size) * whole for size in sizes)
    step = 6.0 * architecture.parameter_count
    if architecture.model == "cp":
        step += 6 * ranks[0] * whole
    else:
        step += sum(6 * prod(sizes[: n + 1]) * prod(ranks[n:]) for n in range(len(sizes)))
    for what, work in (("the singular values of the target", spectra), ("one step of the training", step)):
        if work > MOST_WORK:
            raise UsageError(
                f"sizes {sizes}, ranks {ranks}, depth {architecture.depth}: {what} alone takes {work:.0e} operations, "
                f"more than {MOST_WORK:.0e}: {_smaller(architecture)}"
            )


def _smaller(architecture: Architecture) -> str:
    """What to change; a core side above the product of the other sizes adds nothing that W could show."""
    sizes = architecture.sizes
    useful = [min(rank, prod(sizes) // size) for rank, size in zip(architecture.ranks, sizes, strict=True)]
    if architecture.model == "tucker" and list(architecture.ranks) != useful:
        return f"choose a smaller core, e.g. core={','.join(map(str, useful))}, which W never needs more than"
    return "choose smaller sizes or a smaller core (core=)"
