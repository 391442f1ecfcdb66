"""Claims whose verdict a weaker or another relation would not change: what they compare is looked at itself."""

import math

import pytest
import torch

from numerics import Architecture
from verify._derived import derived
from verify._relations import relations_of
from verify._state import State
from verify._strategies import draw_problems, problems
from verify._target import Costs, Target
from verify.claims.conservation import core_norm_is_not_monotone
from verify.claims.group_flow import group_flow_is_no_mirror_flow
from verify.claims.regularizer import representation_cost_lies_between_group_quasi_norms


@pytest.mark.parametrize(("wanted", "violation"), [(3.0, 0.0), (1.0, 4.0)])
def test_the_norm_of_the_core_violates_monotony_where_it_falls_not_where_it_grows(wanted, violation) -> None:
    """Depth 0, one entry g = 2, weight 1: d/dt g^2 = 4 (target - 2)."""
    two, one = torch.full((1,), 2.0, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    state = State(Architecture(0, (1,), (1,), "column"), {"G": two}, one * wanted, one)
    (relation,) = relations_of(core_norm_is_not_monotone.function(state))
    assert relation.gap()[0].item() == violation


@pytest.mark.parametrize(("depth", "order", "chain"), [(2, 2, "gate"), (3, 1, "gate"), (1, 1, "column")])
def test_the_mirror_condition_holds_in_groups_of_one_entry_and_fails_in_larger_ones(depth, order, chain) -> None:
    for size, holds in ((1, True), (3, False)):
        architecture = Architecture(depth, (size,) * order, (2,) * order, chain)
        worst = []
        for problem in draw_problems(problems(architecture, kinds=("plain",)), 4, 0):
            for relation in relations_of(group_flow_is_no_mirror_flow.function(problem.state("balanced"))):
                violation, scale = relation.gap()
                worst.append(float((violation / (scale.max() + 1e-300)).max()))
        assert (max(worst) < 1e-12) is holds


def test_the_upper_bound_of_the_cost_has_the_ranks_of_the_other_modes_alone() -> None:
    tensor = torch.zeros(2, 3, 3, dtype=torch.float64)
    tensor[0, 0, 0], tensor[1, 1, 1], tensor[1, 2, 2] = 3.0, 2.0, 1.0
    target = Target(tensor, 2, Costs(1, 0))
    ranks = target.multilinear_rank()
    assert ranks == (2, 3, 3)
    stated = relations_of(representation_cost_lies_between_group_quasi_norms.function(target))
    upper = derived("representation_cost_bounds", 2, 3, part=1)
    for mode, relation in enumerate(stated[1::2]):
        group = (target.singular_values(mode) ** (2 / 3)).sum()
        wanted = upper(group, float(math.prod(ranks) // ranks[mode]))
        torch.testing.assert_close(relation.predicted, wanted)
