"""SymPy derivations of the gradient-flow dynamics and the induced regularizer."""

from ._catalogue import derivations
from ._components import component_entry, component_rate
from ._deep_tucker import CHAINS, deep_tucker
from ._derivation import Check, Derivation, Equality, Limit, Route, Sign
from ._discrete import drift_per_step
from ._formula import Formula
from ._gradient import gradient_flow
from ._parametrisation import Block, Parametrisation
from ._penalty import group_penalty
from ._program import Assignment, Contraction, LinearCombination, Program
from ._slice_norms import constant_alignment, escape_time, sigma_rate, slice_norm_rate, slice_norm_rate_bounds

__all__ = [
    "CHAINS",
    "Assignment",
    "Block",
    "Check",
    "Contraction",
    "Derivation",
    "Equality",
    "Formula",
    "Limit",
    "LinearCombination",
    "Parametrisation",
    "Program",
    "Route",
    "Sign",
    "component_entry",
    "component_rate",
    "constant_alignment",
    "deep_tucker",
    "derivations",
    "drift_per_step",
    "escape_time",
    "gradient_flow",
    "group_penalty",
    "sigma_rate",
    "slice_norm_rate",
    "slice_norm_rate_bounds",
]
