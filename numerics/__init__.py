"""Compiled flows, PyTorch gradient descent, starts, problems and the regularizer."""

from numerics._architecture import Architecture, Chain
from numerics._arithmetic import FLOAT64, MP, Arithmetic
from numerics._descend import Run, check_problem, descend, problem_losses
from numerics._errors import DivergenceError, UsageError
from numerics._flow import FlowSolution, solve_flow
from numerics._integrate import Event
from numerics._keys import IntegerList, NumberList, WordList, closest, integer_list, parse_keys
from numerics._lower import BACKENDS, CompiledProgram, compile
from numerics._model import DeepTucker, component, compose, factor, weighted_loss
from numerics._optimizers import OPTIMIZERS, GroupRMSprop
from numerics._reduced import solve_component, solve_slice_norm
from numerics._reference import reference_compose, reference_gradient
from numerics._sharpness import sharpness
from numerics._starts import balance, matrix_balance, scale, unbalance
from numerics._tensors import (
    fold,
    hosvd,
    mode_product,
    multilinear_rank,
    noise_floor,
    singular_values,
    slice_norms,
    unfold,
)

__all__ = [
    "BACKENDS",
    "FLOAT64",
    "MP",
    "OPTIMIZERS",
    "Architecture",
    "Arithmetic",
    "Chain",
    "CompiledProgram",
    "DeepTucker",
    "DivergenceError",
    "Event",
    "FlowSolution",
    "GroupRMSprop",
    "IntegerList",
    "NumberList",
    "Run",
    "UsageError",
    "WordList",
    "balance",
    "check_problem",
    "closest",
    "compile",
    "component",
    "compose",
    "descend",
    "factor",
    "fold",
    "hosvd",
    "integer_list",
    "matrix_balance",
    "mode_product",
    "multilinear_rank",
    "noise_floor",
    "parse_keys",
    "problem_losses",
    "reference_compose",
    "reference_gradient",
    "scale",
    "sharpness",
    "singular_values",
    "slice_norms",
    "solve_component",
    "solve_flow",
    "solve_slice_norm",
    "unbalance",
    "unfold",
    "weighted_loss",
]
