"""Calls one after the other here, in several processes (joblib, optional extra), or on a Dask cluster."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from numerics._cluster import map_on_cluster
from numerics._errors import UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_parallel(
    function: Callable[..., Result], items: Iterable[Item], *shared: Any, jobs: int = 1, scheduler: str | None = None
) -> Iterator[tuple[Item, Result]]:
    """Every item with function(item, *shared), in the order in which they are finished.

    Arguments:
        jobs: processes on this machine.
        scheduler: address of a Dask scheduler to use instead, e.g. tcp://host:8786.

    Raises:
        UsageError: if an optional package is missing or the cluster cannot be had.
    """
    if scheduler is not None:
        yield from map_on_cluster(function, items, scheduler, *shared)
        return
    if jobs == 1:
        for item in items:
            yield item, function(item, *shared)
        return
    try:
        from joblib import Parallel, delayed
    except ImportError:
        raise UsageError("jobs= needs joblib: pip install 'deep-tucker-verify[sweep]'") from None
    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered")
    yield from parallel(delayed(_with_item)(function, item, *shared) for item in items)


def _with_item(function: Callable[..., Result], item: Item, *shared: Any) -> tuple[Item, Result]:
    return item, function(item, *shared)
