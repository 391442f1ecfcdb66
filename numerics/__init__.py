"""Compiled flows, PyTorch gradient descent, starts, problems and the regularizer."""

from numerics._architecture import Architecture, Chain
from numerics._arithmetic import FLOAT64, MP, Arithmetic
from numerics._descend import Run, check_problem, descend, problem_losses
from numerics._errors import DivergenceError, UsageError
from numerics._keys import IntegerList, NumberList, WordList, closest, integer_list, parse_keys
from numerics._model import DeepTucker, component, compose, factor, weighted_loss
from numerics._optimizers import OPTIMIZERS, GroupRMSprop
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
    "FLOAT64",
    "MP",
    "OPTIMIZERS",
    "Architecture",
    "Arithmetic",
    "Chain",
    "DeepTucker",
    "DivergenceError",
    "GroupRMSprop",
    "IntegerList",
    "NumberList",
    "Run",
    "UsageError",
    "WordList",
    "balance",
    "check_problem",
    "closest",
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
    "unbalance",
    "unfold",
    "weighted_loss",
]
