"""Claims about a Target (a tensor and its representation cost) and about Seeds (statistics over random starts)."""

import json

import numpy as np
import pytest
import torch

from numerics import UsageError
from verify import Seeds, Target, Verdict, at_most, check, conjecture, equal
from verify._counterexample import as_counterexample, load, save
from verify._engine import ask_one
from verify._events import Cell
from verify._inputs import Inputs, Settings
from verify._seeds import run_seeds
from verify._strategies import draw_problems, problems
from verify._target import Costs, as_target, whole_numbers


def verdict(claim, **cell):
    return check(claim, **{"depth": 2, "order": 3, "paths": 6, "budget": 60.0, **cell}).verdict


@conjecture
def cost_is_homogeneous(target: Target):
    degree = 2 / (1 + target.order * target.depth)
    return equal(target.like(3 * target.tensor).representation_cost(), 3**degree * target.representation_cost())


@conjecture
def cost_has_another_degree(target: Target):
    degree = 2 / (2 + target.order * target.depth)
    return equal(target.like(3 * target.tensor).representation_cost(), 3**degree * target.representation_cost())


@conjecture
def matrices_cost_their_schatten_quasi_norm(target: Target):
    power = 2 / (2 * target.depth + 1)
    return equal(target.representation_cost(), (2 * target.depth + 1) / 2 * (target.singular_values(0) ** power).sum())


@conjecture
def small_powers_of_vanishing_singular_values_are_rounding(target: Target):
    """True, but where a singular value is zero its float64 value, 1e-16, has the power 1e-5."""
    part = target.like(torch.ones(2, 2, dtype=torch.float64) * target.tensor.sum())
    return equal((part.singular_values(0) ** 0.3).sum(), (2 * target.tensor.sum()).abs() ** 0.3)


@conjecture
def cost_is_off_by_one_in_a_million(target: Target):
    power = 2 / (2 * target.depth + 1)
    schatten = (2 * target.depth + 1) / 2 * (target.singular_values(0) ** power).sum()
    return equal(target.representation_cost(), (1 + 1e-6) * schatten)


@conjecture
def slices_hold_the_whole_norm(target: Target):
    return equal((target.tensor**2).sum(), (target.tensor.reshape(target.sizes[0], -1) ** 2).sum(1).sum())


@conjecture
def ranks_are_at_most_one(target: Target):
    return at_most(max(target.multilinear_rank()), 1)


@conjecture
def penalty_is_the_cost_of_one_group_at_order_one(target: Target):
    return at_most(target.slice_penalty(0), (target.depth + 1) / 2 * target.sizes[0] * target.slice_norms(0).sum())


@pytest.mark.parametrize(
    ("claim", "cell", "expected"),
    [
        (cost_is_homogeneous, {}, Verdict.SUPPORTED),
        (cost_has_another_degree, {}, Verdict.REFUTED),
        (matrices_cost_their_schatten_quasi_norm, {"order": 2}, Verdict.SUPPORTED),
        (matrices_cost_their_schatten_quasi_norm, {"order": 2, "depth": 5, "chain": "mode"}, Verdict.SUPPORTED),
        (matrices_cost_their_schatten_quasi_norm, {"order": 3, "sizes": (2, 2, 2)}, Verdict.REFUTED),
        (cost_is_off_by_one_in_a_million, {"order": 2}, Verdict.REFUTED),
        (small_powers_of_vanishing_singular_values_are_rounding, {}, Verdict.SUPPORTED),
        (slices_hold_the_whole_norm, {}, Verdict.EXACT),
        (ranks_are_at_most_one, {"paths": 20}, Verdict.REFUTED),
    ],
    ids=lambda value: getattr(value, "id", None),
)
def test_claims_about_a_target_get_the_right_verdict(claim, cell, expected) -> None:
    assert verdict(claim, **cell) is expected


def test_the_counterexample_of_a_target_is_small_and_is_replayed_from_its_file(tmp_path) -> None:
    result = check(ranks_are_at_most_one, depth=1, order=2, paths=20)
    assert sorted(result.counterexample["sizes"]) == [2, 2]
    assert result.counterexample["start"] == {}
    path = save(result.counterexample, tmp_path)
    data, problem = load(path)
    assert np.linalg.matrix_rank(np.array(data["target"])) == 2
    assert ask_one(ranks_are_at_most_one, problem).status == "violated"
    path.write_text(json.dumps({**json.loads(path.read_text()), "target": [[1]]}))
    with pytest.raises(UsageError, match="damaged"):
        load(path)


def test_targets_meet_the_thin_sets() -> None:
    drawn = draw_problems(problems(depth=2, order=3, chain="column", largest=3), 200, 0)
    tensors = [as_target(problem, Costs(1, 0)) for problem in drawn]
    assert any((t.slice_norms(0) == 0).any() and t.tensor.any() for t in tensors)
    assert any(len(set(v.tolist())) < len(v) and v.any() for v in (t.singular_values(0) for t in tensors))
    assert any(0 < float(t.tensor.abs().max()) < 1e-20 for t in tensors)
    assert any(float(t.tensor.abs().max()) > 1e20 for t in tensors)
    for problem in drawn:  # so that a saved target is read back as itself
        moved = whole_numbers(problem)
        again = type(problem)(problem.architecture, problem.blocks, moved, problem.mask, kind=problem.kind)
        np.testing.assert_array_equal(whole_numbers(again), moved)


@pytest.mark.parametrize("order", [2, 3, 4])
def test_every_hundred_problems_hold_a_tensor_whose_singular_values_are_all_equal(order: int) -> None:
    for seed in range(3):
        drawn = draw_problems(problems(depth=2, order=order, chain="column"), 100, seed)
        spectra = [p.state().singular_values(0) for p in drawn if {"repeated", "isometry"} & {*p.kind.split("+")}]
        assert any(len(s) > 1 and s[-1] > 0 and (s[0] - s[-1]) < 1e-12 * s[0] for s in spectra)


@conjecture(assumes="small")
def small_starts_end_near_rank_one(seeds: Seeds):
    return at_most(seeds.mean(lambda run: max(run.final.multilinear_rank(1e-2))), 5)


@conjecture(assumes="small")
def small_starts_never_leave_rank_one(seeds: Seeds):
    return at_most(seeds.mean(lambda run: max(run.final.multilinear_rank(1e-2))), 1.01)


@conjecture(assumes="balanced")
def both_modes_of_a_square_core_are_alike(seeds: Seeds):
    """True: ||G|| counted along either mode is the same number in every run."""
    squares = [seeds.mean(lambda run, mode=mode: (run.final.slice_norms(mode) ** 2).sum()) for mode in (0, 1)]
    return equal(*squares)


@conjecture
def failures_are_rarer_than_one_in_fifty(seeds: Seeds):
    """No failure in 96 runs does not show this, and none in 384 does: the rule of three."""
    return at_most(seeds.fraction(lambda run: run.losses[-1] < 0), 0.02)


@conjecture
def failures_are_rarer_than_one_in_five_thousand(seeds: Seeds):
    """No number of runs that is tried shows this: the interval of a fraction never has width zero."""
    return at_most(seeds.fraction(lambda run: run.losses[-1] < 0), 0.0002)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (small_starts_end_near_rank_one, Verdict.SUPPORTED),
        (small_starts_never_leave_rank_one, Verdict.REFUTED),
        (both_modes_of_a_square_core_are_alike, Verdict.SUPPORTED),
        (failures_are_rarer_than_one_in_fifty, Verdict.SUPPORTED),
        (failures_are_rarer_than_one_in_five_thousand, Verdict.INCONCLUSIVE),
    ],
    ids=lambda value: getattr(value, "id", None),
)
def test_claims_about_seeds_get_the_right_verdict(claim, expected) -> None:
    assert verdict(claim, depth=1, order=2, sizes=(3, 3)) is expected


def test_a_sharp_bound_on_a_mean_is_left_open_and_says_how_many_seeds_it_took() -> None:
    (problem,) = draw_problems(problems(depth=1, order=2, chain="column", fixed=(3, 3)), 1, 5)
    middle = float(run_seeds(problem, "generic", "gd", 1536).mean(lambda run: run.losses[-1]))

    @conjecture
    def sharp(seeds: Seeds):
        return at_most(seeds.mean(lambda run: run.losses[-1]), middle)

    outcome = ask_one(sharp, problem)
    assert outcome.status == "undecided"
    assert outcome.how.split()[0] in ("384", "1536")
    assert "would settle it" in outcome.how


def test_an_interval_covers_the_mean_of_many_more_seeds() -> None:
    (problem,) = draw_problems(problems(depth=1, order=2, chain="column", fixed=(2, 2)), 1, 3)
    truth = run_seeds(problem, "balanced", "gd", 400, 7).mean(lambda run: run.final.slice_norms(0).sum())

    @conjecture(assumes="balanced")
    def matches(seeds: Seeds):
        return equal(seeds.mean(lambda run: run.final.slice_norms(0).sum()), truth)

    assert ask_one(matches, problem).status == "holds"


def test_a_counterexample_of_seeds_names_them() -> None:
    inputs = Inputs(Cell(1, 2, "column"), Settings(paths=7, sizes=(3, 3)))
    problem = inputs.seed_problems[0]
    outcome = ask_one(small_starts_never_leave_rank_one, problem)
    assert outcome.how.split()[0] in ("24", "96", "384")
    assert "independent second set" in outcome.how
    saved = as_counterexample(small_starts_never_leave_rank_one, Cell(1, 2, "column"), problem, outcome, 0)
    assert saved["subject"] == "Seeds"
    assert torch.tensor(saved["start"]["G"]).abs().max() < 1


def test_a_negative_claim_is_never_headed_by_the_relation_that_does_not_hold() -> None:
    from verify.claims import BUILT_IN

    claim = next(claim for claim in BUILT_IN if claim.negative and claim.applies(2, 3, "column"))
    assert check(claim, depth=2, examples=5).title == f"Not in general: {claim.title}"
