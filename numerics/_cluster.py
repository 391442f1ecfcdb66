"""Calls spread over a Dask cluster (optional extra) that is named by the address of its scheduler."""

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any, TypeVar

from numerics._errors import UsageError

ANSWER_WITHIN = 10  # seconds for the scheduler to answer
WORKERS_WITHIN = 30  # seconds for its first worker to register

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_on_cluster(
    function: Callable[..., Result], items: Iterable[Item], address: str, *shared: Any
) -> Iterator[tuple[Item, Result]]:
    """Every item with function(item, *shared), in the order in which they are finished.

    A call whose worker dies is made again by another one; closing the iterator cancels what is left.

    Arguments:
        function: importable on the workers, where the same version of this package is installed.
        address: of a Dask scheduler, e.g. tcp://host:8786.

    Raises:
        UsageError: if Dask is not installed, nothing answers at the address, or the cluster is lost on the way.
    """
    try:
        distributed = import_module("distributed")
    except ImportError:
        raise UsageError(f"{address}: Dask is missing: pip install 'deep-tucker-verify[cluster]'") from None
    try:
        client = distributed.Client(address, timeout=ANSWER_WITHIN)
    except (OSError, ValueError) as error:
        raise UsageError(f"no Dask scheduler at {address!r} ({error}); start one with: dask scheduler") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=WORKERS_WITHIN)
        except TimeoutError:
            raise UsageError(f"the Dask scheduler has no worker; start one with: dask worker {address}") from None
        # not pure: Dask would take the results of equal calls, made by another version of the code, for these
        futures = {client.submit(function, item, *shared, pure=False): item for item in items}
        for future in distributed.as_completed(list(futures)):
            yield futures.pop(future), _result(distributed, future, address)


def _result(distributed: Any, future: Any, address: str) -> Any:
    try:
        return future.result()
    except distributed.CancelledError:
        raise UsageError(f"the Dask scheduler {address} was lost; what was finished is kept, run again") from None
    except distributed.KilledWorker as error:
        raise UsageError(f"every worker that tried it died, out of memory? ({error})") from None
