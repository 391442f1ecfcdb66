"""torch's factories in a second look: `torch.zeros(3)` is an array into which exact numbers can be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gmpy2
import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from ._numbers import Unsupported, entrywise
from ._precise import BOOL, FLOAT, INT, WHOLE, Precise, as_precise, cast, kind_of, promoted, raw

CONSTANT = frozenset((
    "zeros", "ones", "empty", "full", "eye", "arange", "linspace", "logspace", "tensor", "as_tensor", "asarray",
    "scalar_tensor", "zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones", "new_full",
    "new_empty", "new_tensor", "tril_indices", "triu_indices",
))  # fmt: skip
RANDOM = frozenset((
    "rand", "randn", "randint", "randperm", "normal", "rand_like", "randn_like", "randint_like", "bernoulli",
))  # fmt: skip
FROM_DATA = frozenset(("tensor", "as_tensor", "asarray", "scalar_tensor"))


class Factories(TorchFunctionMode):
    """Within it, tensors that torch makes out of nothing are `Precise`; constants are read as Python's floats are."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        options = kwargs or {}
        if name in FROM_DATA and args and holds_precise(args[0]):
            return of_data(args[0], **options)
        made = func(*args, **options)
        if not isinstance(made, torch.Tensor) or made.requires_grad or made.dtype not in (FLOAT, BOOL, *WHOLE):
            return made
        if name in CONSTANT:
            return Precise(raw(made), kind_of(made))
        if name in RANDOM:  # these doubles mean themselves
            with torch._C.DisableTorchFunction():
                values = made.numpy()
            exact = entrywise(lambda v: gmpy2.mpq(float(v)), values) if made.dtype == FLOAT else values.astype(object)
            return Precise(exact, kind_of(made))
        return made


@contextmanager
def outside() -> Iterator[None]:
    """A context in which torch works as it does: what a claim asks for may have to be solved or trained first."""
    with torch._C.DisableTorchFunction():
        yield


def holds_precise(data: Any) -> bool:
    """Whether an array of exact numbers stands somewhere in nested lists."""
    return isinstance(data, Precise) or (isinstance(data, (list, tuple)) and any(holds_precise(d) for d in data))


def of_data(data: Any, *, dtype: torch.dtype | None = None, device: Any = None, requires_grad: bool = False) -> Precise:
    """torch.tensor(data) where data holds exact numbers; a copy."""
    if requires_grad:
        raise Unsupported("requires_grad")
    made = _nested(data)
    kind = made.dtype if dtype is None else kind_named(dtype)
    return Precise(cast(made.array, made.dtype, kind).copy(), kind)


def _nested(data: Any) -> Precise:
    if not isinstance(data, (list, tuple)):
        return as_precise(data)
    parts = [_nested(d) for d in data]
    return Precise(np.stack([p.array for p in parts]), promoted(*(p.dtype for p in parts))) if parts else Precise([])


def kind_named(dtype: Any) -> torch.dtype:
    """The kind that a dtype stands for.

    Raises:
        Unsupported: a dtype that rounds, or is complex.
    """
    if dtype in (FLOAT, BOOL):
        return dtype
    if dtype in WHOLE:
        return INT
    if dtype in (float, int, bool):
        return {float: FLOAT, int: INT, bool: BOOL}[dtype]
    raise Unsupported(f"{str(dtype).removeprefix('torch.')} in high precision")
