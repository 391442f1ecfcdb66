"""Claims, generated tensors, the engine, verdicts and reports.

A conjecture is one function whose argument's type says what it is about:

    from verify import State, conjecture, equal

    @conjecture(title="Slice norms obey the power law", source="Hariz et al. 2024", assumes="balanced")
    def slice_norms_obey_the_power_law(state: State):
        g = state.slice_norms(mode=0)
        return equal(state.rate(lambda s: s.slice_norms(mode=0)), g ** state.depth * state.alignment(mode=0))
"""

from . import _first as _first  # before anything else: Ctrl-C, and files that hide a room
from ._check import check
from ._claim import Claim, ClaimError, conjecture
from ._evaluate import assume
from ._path import Descent, Flow
from ._relations import Relation, at_most, constant, equal, nonincreasing
from ._seeds import Seeds
from ._state import State
from ._target import Target
from ._verdict import Result, Verdict

__all__ = [
    "Claim",
    "ClaimError",
    "Descent",
    "Flow",
    "Relation",
    "Result",
    "Seeds",
    "State",
    "Target",
    "Verdict",
    "assume",
    "at_most",
    "check",
    "conjecture",
    "constant",
    "equal",
    "nonincreasing",
]
