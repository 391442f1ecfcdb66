"""The built-in claims, one file a topic: everything in design 2.2 to 2.4."""

from .any_model import CLAIMS as ANY_MODEL
from .conservation import CLAIMS as CONSERVATION
from .discretisation import CLAIMS as DISCRETISATION
from .gradients import CLAIMS as GRADIENTS
from .group_flow import CLAIMS as GROUP_FLOW
from .regularizer import CLAIMS as REGULARIZER
from .slice_norms import CLAIMS as SLICE_NORMS

BUILT_IN = (*GRADIENTS, *CONSERVATION, *SLICE_NORMS, *GROUP_FLOW, *REGULARIZER, *DISCRETISATION)

EVERY = (*BUILT_IN, *ANY_MODEL)  # deep Tucker's, and those of every other model

__all__ = ["ANY_MODEL", "BUILT_IN", "EVERY"]
