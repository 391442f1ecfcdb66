"""Compiled flows, PyTorch gradient descent, starts, problems and the regularizer."""

from numerics import _first as _first  # before anything else: Ctrl-C, and files that hide a room
from numerics._architecture import Architecture, Chain
from numerics._arithmetic import FLOAT64, MP, Arithmetic
from numerics._checkpoint import load_checkpoint, save_checkpoint
from numerics._closed_form import ClosedForm
from numerics._column_norms import ColumnNorms, column_norms
from numerics._data import SOURCES, load_data
from numerics._data_record import Data
from numerics._descend import Run, check_problem, descend, problem_losses
from numerics._described import described
from numerics._errors import DivergenceError, NotConverged, UsageError
from numerics._experiment import Experiment
from numerics._flow import FlowField, FlowSolution, solve_flow
from numerics._integrate import Event
from numerics._keys import (
    MAX_SEED,
    IntegerList,
    NumberList,
    WordList,
    checked,
    closest,
    integer_list,
    key_lines,
    parse_keys,
)
from numerics._losses import LOSSES, SQUARED, Loss, loss_of
from numerics._lower import BACKENDS, CompiledProgram, compile
from numerics._matched import gaussian_start, matched_start, paper_start
from numerics._memory import available_bytes, check_memory, needed_bytes
from numerics._model import DeepTucker, component, compose, factor, weighted_loss
from numerics._network import Network
from numerics._observables import alignments, block_norms, unbalancedness, watch
from numerics._optimizers import OPTIMIZERS, GroupRMSprop
from numerics._penalties import prox_schatten, prox_slices, schatten, shrink, slice_penalty
from numerics._problems import Completion, Problem, Sensing, full_observation, observe
from numerics._reduced import solve_component, solve_slice_norm
from numerics._reference import reference_compose, reference_gradient, reference_pullback
from numerics._regularizer import Representation, representation_cost
from numerics._sharpness import problem_sharpness, sharpness
from numerics._sized import Model
from numerics._spectra import effective_rank, mode_spectra, participation_ratio
from numerics._starts import balance, matrix_balance, scale, unbalance
from numerics._superdiagonal import component_blocks
from numerics._sweep import points, read_table, run_point, sweep
from numerics._targets import block_target, superdiagonal_target, tucker_target
from numerics._taylor import solve_reference
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
from numerics._train import History, train
from numerics._trainer import Trainer

__all__ = [
    "BACKENDS",
    "FLOAT64",
    "LOSSES",
    "MAX_SEED",
    "MP",
    "OPTIMIZERS",
    "SOURCES",
    "SQUARED",
    "Architecture",
    "Arithmetic",
    "Chain",
    "ClosedForm",
    "ColumnNorms",
    "CompiledProgram",
    "Completion",
    "Data",
    "DeepTucker",
    "DivergenceError",
    "Event",
    "Experiment",
    "FlowField",
    "FlowSolution",
    "GroupRMSprop",
    "History",
    "IntegerList",
    "Loss",
    "Model",
    "Network",
    "NotConverged",
    "NumberList",
    "Problem",
    "Representation",
    "Run",
    "Sensing",
    "Trainer",
    "UsageError",
    "WordList",
    "alignments",
    "available_bytes",
    "balance",
    "block_norms",
    "block_target",
    "check_memory",
    "check_problem",
    "checked",
    "closest",
    "column_norms",
    "compile",
    "component",
    "component_blocks",
    "compose",
    "descend",
    "described",
    "effective_rank",
    "factor",
    "fold",
    "full_observation",
    "gaussian_start",
    "hosvd",
    "integer_list",
    "key_lines",
    "load_checkpoint",
    "load_data",
    "loss_of",
    "matched_start",
    "matrix_balance",
    "mode_product",
    "mode_spectra",
    "multilinear_rank",
    "needed_bytes",
    "noise_floor",
    "observe",
    "paper_start",
    "parse_keys",
    "participation_ratio",
    "points",
    "problem_losses",
    "problem_sharpness",
    "prox_schatten",
    "prox_slices",
    "read_table",
    "reference_compose",
    "reference_gradient",
    "reference_pullback",
    "representation_cost",
    "run_point",
    "save_checkpoint",
    "scale",
    "schatten",
    "sharpness",
    "shrink",
    "singular_values",
    "slice_norms",
    "slice_penalty",
    "solve_component",
    "solve_flow",
    "solve_reference",
    "solve_slice_norm",
    "superdiagonal_target",
    "sweep",
    "train",
    "tucker_target",
    "unbalance",
    "unbalancedness",
    "unfold",
    "watch",
    "weighted_loss",
]
