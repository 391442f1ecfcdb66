"""Tensors, targets, problems, matched starts and observables: each against its definition."""

import numpy as np
import pytest
import torch

from numerics import (
    Architecture,
    Sensing,
    Trainer,
    UsageError,
    alignments,
    block_norms,
    block_target,
    component,
    compose,
    effective_rank,
    fold,
    full_observation,
    hosvd,
    matched_start,
    mode_product,
    mode_spectra,
    multilinear_rank,
    noise_floor,
    observe,
    paper_start,
    participation_ratio,
    reference_compose,
    singular_values,
    slice_norms,
    superdiagonal_target,
    tucker_target,
    unbalance,
    unbalancedness,
    unfold,
    watch,
)


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("sizes", [(3,), (2, 3), (2, 3, 4), (2, 1, 3, 2)])
def test_unfolding_lists_the_mode_fibres_and_folding_undoes_it(sizes):
    T = randn(5, *sizes)
    for mode in range(len(sizes)):
        M = unfold(T, mode, order=len(sizes))
        assert M.shape == (5, sizes[mode], T[0].numel() // sizes[mode])
        np.testing.assert_array_equal(M[3].numpy(), np.moveaxis(T[3].numpy(), mode, 0).reshape(sizes[mode], -1))
        torch.testing.assert_close(fold(M, mode, sizes), T)
        U = randn(4, sizes[mode], seed=1)
        torch.testing.assert_close(unfold(mode_product(T, U, mode, order=len(sizes)), mode, order=len(sizes)), U @ M)


def test_the_hosvd_rebuilds_the_tensor_and_its_core_has_the_spectra_as_slice_norms():
    T = randn(3, 4, 2)
    core, factors = hosvd(T)
    rebuilt = core
    for mode, U in enumerate(factors):
        torch.testing.assert_close(U.T @ U, torch.eye(U.shape[1], dtype=U.dtype))
        torch.testing.assert_close(slice_norms(core, mode), singular_values(T, mode))
        rebuilt = mode_product(rebuilt, U, mode)
    torch.testing.assert_close(rebuilt, T)


@pytest.mark.parametrize("rank", [(1, 1, 1), (2, 3, 2), (3, 3, 3)])
def test_a_generated_target_has_the_prescribed_multilinear_rank(rank):
    T = tucker_target((5, 6, 4), rank, seed=1, top=2.5)
    assert multilinear_rank(T).tolist() == list(rank)
    assert max(float(singular_values(T, n)[0]) for n in range(3)) == pytest.approx(2.5)
    spectrum = singular_values(T, 0)
    assert (spectrum[rank[0] :] < noise_floor(T)).all()


def test_a_generated_target_has_the_prescribed_mode_spectra():
    spectra = [[2.0, 1.0, 0.5], [1.9, float(np.sqrt(5.25 - 1.9**2))], [2.0, 1.0, 0.5]]
    T = tucker_target((5, 4, 3), (3, 2, 3), spectra=spectra)
    for mode, wanted in enumerate(spectra):
        np.testing.assert_allclose(singular_values(T, mode)[: len(wanted)].numpy(), wanted, atol=1e-10)
    with pytest.raises(UsageError, match="one Frobenius norm"):
        tucker_target((3, 3), (2, 2), spectra=[[2.0, 1.0], [1.0, 1.0]])
    with pytest.raises(UsageError, match="no tensor with these spectra"):
        tucker_target((2, 2), (2, 2), spectra=[[2.0, 1.0], [5**0.5 * 0.8, 5**0.5 * 0.6]])


def test_impossible_ranks_are_refused():
    with pytest.raises(UsageError, match="rank 4 of mode 1"):
        tucker_target((4, 4, 4), (4, 1, 2))
    with pytest.raises(UsageError, match="rank 5 of mode 2"):
        tucker_target((4, 4, 4), (3, 5, 3))


def test_block_and_superdiagonal_targets_have_the_union_of_the_spectra():
    T = block_target([superdiagonal_target((2, 2, 2), [3.0, 1.0]), superdiagonal_target((1, 2, 1), [2.0])])
    assert T.shape == (3, 4, 3)
    for mode in range(3):
        np.testing.assert_allclose(singular_values(T, mode)[:3].numpy(), [3.0, 2.0, 1.0], atol=1e-12)


def test_an_observation_has_the_asked_for_fraction_in_every_problem():
    target = randn(4, 5, 6)
    mean, total = observe(target, 0.3, order=2, seed=2), observe(target, 0.3, order=2, seed=2, mean=False)
    assert ((mean.weights != 0).flatten(1).sum(1) == 9).all()
    torch.testing.assert_close(mean.weights.flatten(1).sum(1), torch.ones(4, dtype=torch.float64))
    torch.testing.assert_close(total.weights, mean.weights * 30)
    assert not torch.equal(mean.weights[0], mean.weights[1])
    assert (mean.test * mean.weights == 0).all()
    torch.testing.assert_close(mean.errors(torch.zeros_like(target)), torch.ones(4, dtype=torch.float64))
    torch.testing.assert_close(mean.errors(target, held_out=True), torch.zeros(4, dtype=torch.float64))
    assert torch.isnan(full_observation(target).errors(target, held_out=True))
    with pytest.raises(UsageError, match=r"observed=0\.01 leaves 0 of 30"):
        observe(target[0], 0.01)


def test_linear_sensing_of_all_entries_is_full_observation():
    target = randn(2, 3)
    operators = torch.eye(6, dtype=torch.float64).reshape(6, 2, 3)
    sensing, full = Sensing(operators, target.flatten()), full_observation(target)
    architecture = Architecture(2, (2, 3), (2, 2))
    start = matched_start(architecture, 0.8)
    first, second = Trainer(architecture, start, sensing, step=0.1), Trainer(architecture, start, full, step=0.1)
    torch.testing.assert_close(first.advance(20), second.advance(20), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(first.W, second.W, rtol=1e-12, atol=1e-14)
    with pytest.raises(UsageError, match="6 operators but values"):
        Sensing(operators, target.flatten()[:5])


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("chain", ["column", "mode", "gate"])
@pytest.mark.parametrize("by", ["std", "slice", "end-to-end", "sigma"])
def test_a_matched_start_is_balanced_and_has_the_asked_for_size(by, chain, depth):
    architecture = Architecture(depth, (4, 3, 5), None, chain)
    blocks = matched_start(architecture, 0.2, by=by, seed=3)
    tensors = {name: torch.from_numpy(block) for name, block in blocks.items()}
    slices = torch.cat([slice_norms(tensors["G"], n) for n in range(3)])
    measured = {
        "std": blocks["G"].std() / 1.0,
        "slice": float((slices**2).mean().sqrt()),
        "end-to-end": float(np.linalg.norm(reference_compose(architecture, blocks))),
        "sigma": float((slices ** (2 * depth + 2)).mean().sqrt()),
    }[by]
    assert measured == pytest.approx(0.2, rel=0.2 if by == "std" else 1e-10)
    assert float(unbalancedness(architecture, tensors)) < 1e-14
    with pytest.raises(UsageError, match="unknown match"):
        matched_start(architecture, 0.2, by="norm")


@pytest.mark.parametrize("by", ["slice", "end-to-end", "sigma"])
def test_a_matched_start_of_cp_is_balanced_and_has_the_asked_for_size(by):
    architecture = Architecture(2, (4, 3, 5), model="cp")
    blocks = matched_start(architecture, 0.2, by=by, seed=3)
    norms = np.linalg.norm(blocks["a3"], axis=0)
    measured = {
        "slice": np.sqrt((norms**2).mean()),
        "end-to-end": np.linalg.norm(reference_compose(architecture, blocks)),
        "sigma": np.sqrt((norms**12).mean()),
    }[by]
    assert measured == pytest.approx(0.2, rel=1e-10)
    assert float(unbalancedness(architecture, {n: torch.from_numpy(b) for n, b in blocks.items()})) < 1e-14


def test_the_papers_start_is_norm_balanced_with_its_multiplier():
    architecture = Architecture(3, (6, 6, 6))
    plain, scaled = paper_start(architecture, multiplier=False), paper_start(architecture)
    np.testing.assert_allclose(scaled["G"], 3 * np.log(4) * plain["G"])
    norms = block_norms(architecture, {n: torch.from_numpy(b) for n, b in scaled.items()}, 1)
    assert norms.shape == (4, 6)
    torch.testing.assert_close(norms, norms[:1].expand_as(norms), rtol=1e-12, atol=0)


@pytest.mark.parametrize("chain", ["column", "gate"])
def test_alignment_and_unbalancedness_are_what_their_definitions_say(chain):
    architecture = Architecture(2, (3, 2, 2), (2, 2, 2), chain)
    rng = np.random.default_rng(0)
    raw = {name: rng.standard_normal(shape) for name, shape in architecture.shapes.items()}
    blocks = {name: torch.from_numpy(b) for name, b in unbalance(architecture, raw, 0.25).items()}
    assert float(unbalancedness(architecture, blocks)) == pytest.approx(0.25, abs=1e-12)
    problem = observe(randn(3, 2, 2), 0.8)
    W = compose(architecture, blocks)
    D = problem.weights * (W - problem.target)
    for mode, measured in enumerate(alignments(architecture, blocks, D)):
        norms = block_norms(architecture, blocks, mode)
        for r in range(2):
            exact = -(D * component(architecture, blocks, mode, r)).sum() / norms[:, r].prod()
            torch.testing.assert_close(measured[r], exact, rtol=1e-11, atol=1e-13)


def test_the_watched_values_agree_with_their_definitions_and_batch():
    architecture = Architecture(2, (3, 4, 2), (2, 3, 2), "mode")
    blocks = {name: randn(2, *shape, seed=i) for i, (name, shape) in enumerate(architecture.shapes.items())}
    problem = observe(randn(2, 3, 4, 2), 0.6, order=3)
    W = compose(architecture, blocks)
    seen = watch(architecture, blocks, problem, W)
    torch.testing.assert_close(seen["loss"], problem.loss(W))
    for mode, spectrum in enumerate(mode_spectra(W, order=3)):
        torch.testing.assert_close(spectrum, singular_values(W, mode, order=3))
        torch.testing.assert_close(seen[f"spectrum {mode + 1}"], spectrum)
        assert seen[f"rank {mode + 1}"].tolist() == multilinear_rank(W, order=3)[:, mode].tolist()
        torch.testing.assert_close(seen[f"slice norms {mode + 1}"], slice_norms(blocks["G"], mode, order=3))
    one = {name: block[1] for name, block in blocks.items()}
    alone = watch(architecture, one, observe(problem.target[1], 1.0), W[1])
    for name in ("unbalancedness", "effective rank 2", "participation 1", "spectrum 3"):
        torch.testing.assert_close(seen[name][1], alone[name])


def test_what_is_watched_of_cp_agrees_with_its_definitions():
    architecture = Architecture(2, (3, 4, 2), (5,), "gate", model="cp")
    blocks = {name: randn(2, *shape, seed=i) for i, (name, shape) in enumerate(architecture.shapes.items())}
    problem = observe(randn(2, 3, 4, 2), 0.6, order=3)
    W = compose(architecture, blocks)
    seen = watch(architecture, blocks, problem, W)
    norms = torch.cat([block_norms(architecture, blocks, mode) for mode in range(3)], dim=-2)
    spread = norms.amax(-2) ** 2 - norms.amin(-2) ** 2
    torch.testing.assert_close(seen["unbalancedness"], spread.amax(-1))
    D = problem.weights * (W - problem.target)
    for r in range(5):
        part = component(architecture, blocks, 1, r)
        torch.testing.assert_close(seen["component norms"][:, r], part.flatten(1).norm(dim=1))
        exact = -(D * part).flatten(1).sum(1) / norms[..., r].prod(-1)
        torch.testing.assert_close(seen["alignment"][:, r], exact, rtol=1e-11, atol=1e-13)


ARCHITECTURES = [
    Architecture(0, (3, 4, 2)),
    Architecture(1, (3, 4, 2), (2, 3, 2)),
    Architecture(3, (3, 4, 2), (2, 3, 2), "column"),
    Architecture(2, (3, 3, 3), (2, 2, 2), "gate"),
    Architecture(2, (3, 4, 2), (5,), "mode", model="cp"),
]


@pytest.mark.parametrize("batch", [(), (2,), (2, 2)], ids=str)
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=str)
def test_a_trainer_watches_what_its_parameters_and_end_to_end_tensor_give(architecture, batch):
    blocks = {n: randn(*batch, *shape, seed=i) for i, (n, shape) in enumerate(architecture.shapes.items())}
    problem = observe(randn(*batch, *architecture.sizes), 0.6, order=3)
    expected = watch(architecture, blocks, problem, compose(architecture, blocks))
    for route in ("fast", "autograd"):
        seen = Trainer(architecture, blocks, problem, step=0.01, route=route).watch()
        assert seen.keys() == expected.keys()
        for name, value in seen.items():
            torch.testing.assert_close(value, expected[name], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("options", [{}, {"optimizer": "momentum"}, {"minibatch": 9}], ids=str)
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=str)
def test_watching_changes_no_bit_of_the_path_even_where_blocks_are_changed_by_hand(architecture, options):
    blocks = {n: 0.5 * randn(*shape, seed=i) for i, (n, shape) in enumerate(architecture.shapes.items())}
    problem = observe(randn(*architecture.sizes), 0.6)
    ends = []
    for looking in (True, False):
        trainer = Trainer(architecture, blocks, problem, step=0.01, **options)
        for _ in range(3):
            if looking:
                trainer.watch()
            losses = trainer.advance(2)
        if looking:
            trainer.watch()
        for block in trainer.parameters.values():
            block.mul_(0.5)
        if looking:
            trainer.watch()
            assert trainer.W.isfinite().all()
        ends.append({"losses": losses, "next": trainer.advance(), **trainer.parameters})
    for name, value in ends[0].items():
        assert torch.equal(value, ends[1][name]), name


@pytest.mark.parametrize("optimizer", ["gd", "adam"])
def test_a_step_after_a_look_sees_what_was_changed_by_hand_in_between(optimizer):
    architecture = Architecture(2, (3, 4, 2), (2, 3, 2))
    blocks = {n: 0.5 * randn(*shape, seed=i) for i, (n, shape) in enumerate(architecture.shapes.items())}
    problem = observe(randn(3, 4, 2), 0.6)
    ends = []
    for looking in (True, False):
        trainer = Trainer(architecture, blocks, problem, step=0.01, optimizer=optimizer)
        if looking:
            trainer.watch()
        trainer.parameters["G"].mul_(3)
        ends.append({"loss": trainer.advance(), **trainer.parameters})
    for name, value in ends[0].items():
        assert torch.equal(value, ends[1][name]), name


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_unbalancedness_is_that_of_the_worst_mode(mode):
    architecture = Architecture(1, (2, 2, 2), (2, 2, 2))
    blocks = {name: torch.zeros(shape, dtype=torch.float64) for name, shape in architecture.shapes.items()}
    blocks["G"][0, 0, 0] = blocks["G"][1, 1, 1] = 1.0
    for n in range(3):
        blocks[f"a{n + 1}"] = torch.eye(2, dtype=torch.float64)
    assert float(unbalancedness(architecture, blocks)) == 0
    blocks[f"a{mode + 1}"][1, 1] = 3.0
    assert float(unbalancedness(architecture, blocks)) == 8.0


def test_what_has_no_value_is_watched_as_nan_without_a_warning():
    architecture = Architecture(2, (3, 4, 2), (2, 3, 2))
    zero = {name: torch.zeros(shape, dtype=torch.float64) for name, shape in architecture.shapes.items()}
    seen = Trainer(architecture, zero, full_observation(torch.zeros(3, 4, 2, dtype=torch.float64)), step=0.1).watch()
    for name in ("train error", "test error", "alignment 1"):
        assert seen[name].isnan().all()
    for name in ("loss", "unbalancedness", "rank 2", "spectrum 3", "relative 1", "participation 1"):
        assert (seen[name] == 0).all()


def test_effective_rank_and_participation_count_equal_values():
    values = torch.tensor([2.0, 2.0, 2.0, 0.0], dtype=torch.float64)
    assert float(effective_rank(values)) == pytest.approx(3)
    assert float(participation_ratio(values)) == pytest.approx(3)
    assert float(effective_rank(torch.tensor([5.0, 0.0], dtype=torch.float64))) == pytest.approx(1)
    unequal = torch.tensor([1.0, 2.0], dtype=torch.float64)
    assert float(participation_ratio(unequal)) == pytest.approx((1 + 4) ** 2 / (1 + 16))  # of energies, not of norms
    assert float(effective_rank(unequal)) == pytest.approx(3 / 2 ** (2 / 3))


def test_the_effective_rank_is_of_the_singular_values_themselves():
    values = torch.tensor([10, 3, 1, 0.3, 0.1], dtype=torch.float64)
    assert float(effective_rank(values)) == pytest.approx(2.412, abs=5e-4)


@pytest.mark.parametrize("scale", [1e200, 1e307, 1e-200, 1e-310])
def test_ranks_norms_and_counts_do_not_depend_on_the_scale_of_the_tensor(scale):
    T = tucker_target((6, 5, 4), (2, 2, 2), seed=1)
    assert multilinear_rank(T * scale).tolist() == [2, 2, 2]
    digits = 1e-12 if scale > 1e-300 else 1e-3  # what float64 keeps of the smallest numbers
    for mode in range(3):
        assert (slice_norms(T * scale, mode) / scale - slice_norms(T, mode)).abs().max() < digits
        plain, scaled = (singular_values(S, mode)[:2] for S in (T, T * scale))
        assert float(effective_rank(scaled)) == pytest.approx(float(effective_rank(plain)), rel=digits)
        assert float(participation_ratio(scaled)) == pytest.approx(float(participation_ratio(plain)), rel=digits)
