"""All derivations for a depth, an order and a chain.

(12) is left out for order 1: every entry of a vector is on the diagonal, so the groups do not decouple there.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from sympy import Symbol, sympify

from . import _chain_proofs as chains
from ._bias import bias_versus_cost, induced_metric, mirror_flow, weight_decay
from ._componentwise import gradient_identity, law_identities
from ._deep_tucker import deep_tucker
from ._derivation import Check, Derivation, Route
from ._discrete import drift_per_step
from ._exact_evaluation import gradient_check, law_check, law_rates, run_at_random
from ._frames import orthonormal_frames
from ._group_size import Depth
from ._incremental import component_solution, incremental_learning, limits
from ._laws import Law, conservation_laws
from ._local_proofs import euler_steps, gram_steps, verdict
from ._mode_proofs import mode_singular_values
from ._momentum import modified_loss, momentum
from ._parametrisation import Parametrisation
from ._proximal import proximal
from ._regularizer_proofs import group_regularizer
from ._representation_cost import cost_bounds, representation_cost
from ._scalar_proofs import constant_alignment_law, sigma_law, slice_norm_bounds, slice_norm_law, superdiagonal
from ._schatten import schatten
from ._shared_norms import generic_laws, sharing_derivations
from ._unfoldings import unfolding_singular_values

TOPICS = ("all", "conservation", "dynamics", "scalar", "regularizer", "bias", "discretisation")


def model_derivations(model: Parametrisation) -> tuple[Derivation, ...]:
    """Conservation laws and power laws of any parametrisation, proved on its derived program for all sizes.

    Arguments:
        model: deep matrix, CP, deep CP, tensor train, or a description of your own.
    """
    return (generic_laws(model), *sharing_derivations(model))


def derivations(depth: Depth, order: int, chain: str = "column") -> tuple[Derivation, ...]:
    """Every derivation that applies, each with its proof and, for an integer depth, its second routes.

    Arguments:
        depth: K >= 0, or a SymPy symbol for the symbolic depth.
        order: N >= 1.
        chain: "column", "mode" or "gate".
    Returns: derivations in the order of the design's equations.
    Raises: ValueError for a depth, order or chain out of range.
    """
    model = deep_tucker(2 if isinstance(depth, Symbol) else depth, order, chain)
    own = None if isinstance(depth, Symbol) else model
    found: list[Derivation] = []
    if depth == 0:
        found.append(_core_alone(model))
    else:
        found += conservation(depth, chain, model)
    found += [
        slice_norm_law(depth),
        sigma_law(depth),
        slice_norm_bounds(depth),
        constant_alignment_law(depth),
        *([superdiagonal(depth, order, own)] if order >= 2 or depth == 0 else []),
        *([mode_singular_values(depth)] if chain == "mode" and depth != 0 else []),
        *([unfolding_singular_values(depth, order)] if chain == "mode" and depth != 0 and order >= 3 else []),
        *([component_solution(depth, order)] if order >= 2 or depth == 0 else []),
        *([incremental_learning(depth, order)] if order >= 2 and depth != 0 else []),
        limits(),
        group_regularizer(depth),
        proximal(depth),
    ]
    if depth != 0:
        formula = drift_per_step()
        found += [
            representation_cost(depth, order),
            orthonormal_frames(depth),
            cost_bounds(depth, order),
            *([schatten(depth)] if order == 2 else []),
            induced_metric(),
            mirror_flow(),
            bias_versus_cost(),
            weight_decay(),
            chains.drift_per_step(chain, formula.args[0], formula.expression, formula.args[1:3]),
            modified_loss(),
            momentum(),
        ]
    return tuple(found)


def conservation(depth: Depth, chain: str, model: Parametrisation) -> list[Derivation]:
    """(5), (6), (7) with their second routes at the model's depth and order."""
    small = deep_tucker(
        min(2, len(model.group(model.groups[0])) - 1 if chain != "mode" else 2), min(2, model.order), chain
    )
    gradient = Route("exact evaluation", partial(gradient_check, model))
    euler = Route("derived program", lambda: verdict([euler_steps(model, x) for x in model.groups]))
    edges = [law for law in conservation_laws(model) if law.edge]
    grams = Route("derived program", lambda: verdict([gram_steps(model, law) for law in edges]))
    laws = [
        Route("exact evaluation", partial(law_check, model, True)),
        Route("components", partial(law_identities, small, 2)),
    ]
    if chain != "mode" and depth != 1:
        laws.append(Route("failure off the diagonal", partial(off_diagonal_moves, model)))
    return [
        replace(
            chains.euler_identity(chain),
            routes=(euler, gradient, Route("components", partial(gradient_identity, small, 2))),
        ),
        replace(chains.norm_conservation(chain), routes=(Route("exact evaluation", partial(law_check, model, False)),)),
        replace(chains.matrix_laws(chain, sympify(depth)), routes=(grams, *laws)),
    ]


def off_diagonal_moves(model: Parametrisation) -> Check:
    """One exact value that is not zero proves that the whole Gram difference of factor and core is not conserved."""
    label = model.groups[0]
    core, last = model.blocks[0], next(b for b in model.blocks if b.name == "a1")
    values, sizes = run_at_random(model)
    rates = law_rates(Law.between(last, core, (label,), ()), values, sizes)
    moving = [rate for rate in rates if rate != 0]
    if not moving:
        return Check(False, "0", "the off-diagonal part stands still at a random point")
    return Check(True, "0", f"{len(moving)} of {len(rates)} entries move at one exact point")


def _core_alone(model: Parametrisation) -> Derivation:
    """Depth 0: the core is the tensor, and <dL/dG, G> = <D, W>.  Source: (5)."""
    steps, conclusions = euler_steps(model, None)
    return Derivation(
        "euler-identity",
        "(5)",
        "Euler identity",
        "depth 0: <dL/dG, G> = <D, W>, the core is the tensor",
        steps,
        "W is the core itself.",
        "K = 0, this N, all sizes",
        conclusions,
        routes=(Route("exact evaluation", partial(gradient_check, model)),),
        topic="conservation",
    )
