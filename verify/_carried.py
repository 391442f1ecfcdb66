"""Functions that only move or order entries are run by torch itself, on stand-ins for the entries.

Every option, tie and odd shape is then torch's own. Moving: entry i is replaced by i + 1 (0 is what torch fills in).
Ordering: every entry is replaced by its rank among all, equal entries by the same, what is not a number by NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import gmpy2
import numpy as np
import torch

from ._elementary import is_nan
from ._numbers import Unsupported
from ._precise import BOOL, FLOAT, INT, WHOLE, Precise, kind_of, raw

Codes = tuple[list[float], list[Any]]


def places(entries: list[Any]) -> Codes:
    """Codes by position, and what a code stands for."""
    return [float(i + 1) for i in range(len(entries))], [0, *entries]


def ranks(entries: list[Any]) -> Codes:
    """Codes by size, and what a code stands for."""
    codes, table = [math.nan] * len(entries), list[Any]()
    for i in sorted((i for i, v in enumerate(entries) if not is_nan(v)), key=entries.__getitem__):
        if not table or table[-1] != entries[i]:
            table.append(entries[i])
        codes[i] = float(len(table) - 1)
    return codes, table


def carried(
    function: Callable[..., Any], encode: Callable[[list[Any]], Codes], *, data_only: bool = False
) -> Callable[..., Any]:
    """The function on arrays of exact numbers.

    Arguments:
        data_only: whole numbers among the arrays are entries like the others, not indices.
    """

    def run(*args: Any, **kwargs: Any) -> Any:
        arrays: list[Any] = []
        _collect((args, kwargs), arrays)
        as_data = [a for a in arrays if data_only or kind_of(a) == FLOAT]
        if all(kind_of(a) != FLOAT for a in arrays):
            as_data = []  # torch knows whole numbers and booleans as they are
        flat = [np.asarray(raw(a), dtype=object).reshape(-1) for a in as_data]
        codes, table = encode([entry for part in flat for entry in part])
        stand_ins: dict[int, torch.Tensor] = {}
        at = 0
        with torch._C.DisableTorchFunction():
            for array, part in zip(as_data, flat, strict=True):
                values = np.array(codes[at : at + len(part)], dtype=np.float64).reshape(np.shape(raw(array)))
                stand_ins[id(array)] = torch.from_numpy(values)
                at += len(part)
            new_args, new_kwargs = _replaced((args, kwargs), stand_ins)
            return _back(function(*new_args, **new_kwargs), table)

    return run


def _collect(value: Any, found: list[Any]) -> None:
    if isinstance(value, (Precise, torch.Tensor)):
        found.append(value)
    elif isinstance(value, (list, tuple)):
        for part in value:
            _collect(part, found)
    elif isinstance(value, dict):
        _collect(list(value.values()), found)


def as_torch(x: Precise | torch.Tensor) -> torch.Tensor:
    """Whole numbers and booleans as torch's own tensor."""
    if isinstance(x, torch.Tensor):
        return x
    return torch.from_numpy(np.array(x.array.astype(bool if x.dtype == BOOL else np.int64)))


def _replaced(value: Any, stand_ins: dict[int, torch.Tensor]) -> Any:
    if isinstance(value, (Precise, torch.Tensor)):
        return stand_ins[id(value)] if id(value) in stand_ins else as_torch(value)
    if isinstance(value, torch.Size):
        return value
    if isinstance(value, (list, tuple)):
        return type(value)(_replaced(part, stand_ins) for part in value)
    if isinstance(value, dict):
        return {key: _replaced(part, stand_ins) for key, part in value.items()}
    return value


def _back(value: Any, table: list[Any]) -> Any:
    if isinstance(value, (list, tuple)):
        parts = [_back(part, table) for part in value]
        return type(value)(parts)
    if not isinstance(value, torch.Tensor):
        return value
    if value.dtype in WHOLE or value.dtype == BOOL:
        return Precise(value.numpy().astype(object), BOOL if value.dtype == BOOL else INT)
    entries = np.empty(value.shape, dtype=object)
    for i, code in enumerate(value.reshape(-1).tolist()):
        entries.flat[i] = gmpy2.mpfr(code) if math.isnan(code) else table[int(code)]
    moved = Precise(entries)
    return moved if value._base is None else moved.protected()  # torch would let writes through to the original


def whole_number_call(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """torch's function on arrays that hold nothing but whole numbers and booleans, where its result is such too.

    Raises:
        Unsupported: a float takes part or comes out.
    """
    arrays: list[Any] = []
    _collect((args, kwargs), arrays)
    if not arrays or any(kind_of(a) == FLOAT for a in arrays):
        raise Unsupported("floats")
    with torch._C.DisableTorchFunction():
        new_args, new_kwargs = _replaced((args, kwargs), {})
        result = function(*new_args, **new_kwargs)
        floats: list[Any] = []
        _collect(result, floats)
        if any(kind_of(r) == FLOAT for r in floats):
            raise Unsupported("floats")
        return _back(result, [])
