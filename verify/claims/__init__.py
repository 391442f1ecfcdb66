"""The built-in claims, one file a topic: everything in design 2.2 to 2.4."""

from .conservation import CLAIMS as CONSERVATION
from .discretisation import CLAIMS as DISCRETISATION
from .gradients import CLAIMS as GRADIENTS
from .group_flow import CLAIMS as GROUP_FLOW
from .regularizer import CLAIMS as REGULARIZER
from .slice_norms import CLAIMS as SLICE_NORMS

BUILT_IN = (*GRADIENTS, *CONSERVATION, *SLICE_NORMS, *GROUP_FLOW, *REGULARIZER, *DISCRETISATION)

__all__ = ["BUILT_IN"]
