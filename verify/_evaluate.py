"""Running a claim's function: under torch's float64 and cpu defaults, and only finite numbers come back."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from ._claim import Claim, ClaimError, check_orders
from ._relations import Relation, relations_of, undefined_entries

HYPOTHESIS = "the conjecture's own hypothesis was not met"
COARSE = (torch.float32, torch.float16, torch.bfloat16, torch.complex64)


class Mutated(Exception):
    """The conjecture changed the state it was given."""


class Rejected(Exception):
    """The conjecture's own hypothesis (`assume`) is not met by this input."""


class Undefined(Exception):
    """An operand of a relation is infinite or not a number: nothing can be said of this input."""


def assume(condition: Any) -> None:
    """Say inside a conjecture that it speaks only of inputs with `condition`; others are rejected and counted."""
    if not bool(condition):
        raise Rejected


@contextlib.contextmanager
def user_code() -> Iterator[None]:
    """Context for code the engine did not write: float64 on the cpu whatever the file did to torch, no warnings.

    What it prints is printed: a stream belongs to the whole process, of which a caller of `check` may have other
    threads. On the command line it runs in processes whose output goes nowhere.
    """
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    torch.set_default_dtype(torch.float64)
    if device.type != "cpu":
        torch.set_default_device("cpu")
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_default_dtype(dtype)
        if device.type != "cpu":
            torch.set_default_device(device)


class Float64Only(TorchFunctionMode):
    """Refuses operands of fewer digits than float64: 1/3 in float32 is off by 1e-8, which no judge can tell from a
    violation."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", str(func))
        if name != "__get__":
            for argument in args:
                for one in argument if isinstance(argument, (list, tuple)) else (argument,):
                    if _is_coarse(one):
                        raise ClaimError(
                            f"a {str(one.dtype).removeprefix('torch.')} operand meets torch's {name.strip('_')}; "
                            "everything here is float64: write dtype=torch.float64, and no .float()"
                        )
        return func(*args, **(kwargs or {}))


def _is_coarse(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return value.dtype in COARSE
    return isinstance(value, np.floating) and value.dtype.itemsize < 8


def relations(claim: Claim, subject: Any) -> tuple[Relation, ...]:
    """Run the claim's function and return its relations.

    Raises:
        Undefined: an entry on either side is infinite or not a number.
        Exception: whatever the function raises.
    """
    with user_code():
        returned = claim.function(subject)
        try:
            stated = relations_of(returned)
        except TypeError as error:
            raise ClaimError(str(error)) from None
    check_orders(claim, stated)
    undefined, entries = undefined_entries(stated)
    if undefined:
        raise Undefined(f"not a number in {undefined} of {entries} entries")
    return stated
