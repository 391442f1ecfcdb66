"""SymPy derivations of the gradient-flow dynamics and the induced regularizer."""

from . import _first as _first  # before anything else: Ctrl-C, and files that hide a room
from ._catalogue import TOPICS, derivations, model_derivations
from ._components import component_entry, component_rate
from ._deep_tucker import CHAINS, deep_tucker
from ._derivation import Check, Derivation, Equality, Limit, Route, Sign
from ._description import parametrisation, sum_of_networks
from ._discrete import drift_per_step
from ._formula import Formula
from ._gradient import gradient_flow, squared_loss_flow
from ._incremental import component_escape_time, component_time
from ._law_count import LawCount, count_laws
from ._laws import Law, conservation_laws
from ._models import MODELS, cp, deep_cp, deep_matrix, diagonal, tensor_ring, tensor_train
from ._parametrisation import Block, Grouping, Member, Parametrisation, Term
from ._penalty import group_penalty
from ._program import Assignment, Contraction, LinearCombination, Program
from ._proximal import proximal_closed_form, proximal_equation, proximal_jump, proximal_threshold
from ._representation_cost import CostProblem, representation_cost_bounds
from ._shared_norms import Sharing, sharings
from ._slice_norms import constant_alignment, escape_time, sigma_rate, slice_norm_rate, slice_norm_rate_bounds

__all__ = [
    "CHAINS",
    "MODELS",
    "TOPICS",
    "Assignment",
    "Block",
    "Check",
    "Contraction",
    "CostProblem",
    "Derivation",
    "Equality",
    "Formula",
    "Grouping",
    "Law",
    "LawCount",
    "Limit",
    "LinearCombination",
    "Member",
    "Parametrisation",
    "Program",
    "Route",
    "Sharing",
    "Sign",
    "Term",
    "component_entry",
    "component_escape_time",
    "component_rate",
    "component_time",
    "conservation_laws",
    "constant_alignment",
    "count_laws",
    "cp",
    "deep_cp",
    "deep_matrix",
    "deep_tucker",
    "derivations",
    "diagonal",
    "drift_per_step",
    "escape_time",
    "gradient_flow",
    "group_penalty",
    "model_derivations",
    "parametrisation",
    "proximal_closed_form",
    "proximal_equation",
    "proximal_jump",
    "proximal_threshold",
    "representation_cost_bounds",
    "sharings",
    "sigma_rate",
    "slice_norm_rate",
    "slice_norm_rate_bounds",
    "squared_loss_flow",
    "sum_of_networks",
    "tensor_ring",
    "tensor_train",
]
