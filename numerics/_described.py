"""Which of theory's models an architecture is: the compiled flows start here."""

from functools import singledispatch

from numerics._architecture import Architecture
from numerics._errors import UsageError
from numerics._network import Network
from numerics._sized import Model
from theory import Parametrisation, deep_cp, deep_tucker


@singledispatch
def described(model: Model) -> Parametrisation:
    """The description of a model, with which theory derives its flow.

    Raises:
        UsageError: for a model that theory does not describe.
    """
    raise UsageError(f"theory has no description of {model!r}")


@described.register
def _of_network(network: Network) -> Parametrisation:
    return network.description


@described.register
def _of_architecture(architecture: Architecture) -> Parametrisation:
    """theory's description, whose blocks have the names and shapes of `architecture`.

    Raises:
        UsageError: for a CP model that theory does not describe.
    """
    depth, order, chain = architecture.depth, architecture.order, architecture.chain
    if architecture.model == "tucker":
        return deep_tucker(depth, order, chain)
    if order < 2 or (depth > 1 and chain != "column"):
        raise UsageError(f"flows of model=cp are for order 2 or more and chain=column, got order {order}, {chain}")
    return deep_cp(depth, order)
