"""Which of theory's models an architecture is: the compiled flows start here."""

from numerics._architecture import Architecture
from numerics._errors import UsageError
from theory import Parametrisation, deep_cp, deep_tucker


def described(architecture: Architecture) -> Parametrisation:
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
