"""The built-in claims, one file a topic: everything in design 2.2 to 2.4."""

from . import conservation, discretisation, gradients, regularizer, slice_norms

TOPICS = (gradients, conservation, slice_norms, regularizer, discretisation)
BUILT_IN = tuple(claim for topic in TOPICS for claim in topic.CLAIMS)

__all__ = ["BUILT_IN", "TOPICS"]
