"""The model, its hand-written reference and autograd agree; components and laws hold at a point."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from architectures import CP, TUCKER

from numerics import (
    OPTIMIZERS,
    Architecture,
    DeepTucker,
    DivergenceError,
    UsageError,
    component,
    compose,
    descend,
    factor,
    problem_losses,
    reference_compose,
    reference_gradient,
    sharpness,
    weighted_loss,
)


def draw(architecture: Architecture, seed: int = 0, batch: tuple[int, ...] = ()) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(*batch, *shape, generator=generator, dtype=torch.float64)
        for name, shape in architecture.shapes.items()
    }


def problem(
    architecture: Architecture, seed: int = 1, batch: tuple[int, ...] = ()
) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    target = torch.randn(*batch, *architecture.sizes, generator=generator, dtype=torch.float64)
    mask = (torch.rand(*batch, *architecture.sizes, generator=generator, dtype=torch.float64) < 0.7).double()
    mask[..., *(0,) * architecture.order] = 1
    return target, mask / mask.flatten(len(batch)).sum(-1).reshape(*batch, *(1,) * architecture.order)


@pytest.mark.parametrize("architecture", TUCKER + CP, ids=str)
def test_compose_agrees_with_the_hand_written_reference(architecture):
    blocks = draw(architecture)
    expected = reference_compose(architecture, {name: b.numpy() for name, b in blocks.items()})
    torch.testing.assert_close(
        compose(architecture, blocks), torch.from_numpy(np.array(expected)), rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("architecture", TUCKER + CP, ids=str)
def test_autograd_agrees_with_the_hand_written_gradient(architecture):
    blocks, (target, weights) = draw(architecture), problem(architecture)
    model = DeepTucker(architecture, blocks)
    weighted_loss(model(), target, weights).backward()
    arrays = {name: b.numpy() for name, b in blocks.items()}
    expected = reference_gradient(architecture, arrays, target.numpy(), weights.numpy())
    assert list(expected) == list(architecture.shapes)
    for name, block in model.blocks.items():
        np.testing.assert_allclose(block.grad.numpy(), expected[name], rtol=1e-11, atol=1e-11)


def test_the_reference_is_exact_on_fractions():
    architecture = Architecture(2, (2, 2), (2, 1))
    rng = np.random.default_rng(0)
    blocks = {
        name: np.vectorize(Fraction, otypes=[object])(rng.integers(-3, 4, shape))
        for name, shape in architecture.shapes.items()
    }
    target = np.vectorize(Fraction, otypes=[object])(rng.integers(-3, 4, (2, 2)))
    gradient = reference_gradient(architecture, blocks, target, np.ones((2, 2), dtype=int))
    D = reference_compose(architecture, blocks) - target
    euler = {name: (gradient[name] * blocks[name]).sum() for name in blocks}
    assert all(isinstance(value, Fraction) for value in euler.values())
    assert (
        euler["G"] == euler["a1"] == euler["A1.1"] == euler["a2"] == (D * reference_compose(architecture, blocks)).sum()
    )


@pytest.mark.parametrize("architecture", TUCKER + CP, ids=str)
def test_a_batch_is_the_stack_of_its_problems(architecture):
    blocks = draw(architecture, batch=(2, 3))
    target, weights = problem(architecture, batch=(2, 3))
    losses = problem_losses(architecture, blocks, target, weights)
    for i, j in ((0, 0), (1, 2)):
        one = {name: b[i, j] for name, b in blocks.items()}
        torch.testing.assert_close(compose(architecture, blocks)[i, j], compose(architecture, one))
        torch.testing.assert_close(losses[i, j], problem_losses(architecture, one, target[i, j], weights[i, j]))


@pytest.mark.parametrize("architecture", TUCKER + CP, ids=str)
def test_components_of_every_mode_add_up_to_the_tensor(architecture):
    blocks = draw(architecture, batch=(2,))
    for mode, rank in enumerate(architecture.ranks):
        total = sum(component(architecture, blocks, mode, r) for r in range(rank))
        torch.testing.assert_close(total, compose(architecture, blocks))
        assert factor(architecture, blocks, mode).shape[-2:] == (architecture.sizes[mode], rank)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")  # torch 2.13's own import
def test_the_model_has_forward_mode_derivatives():
    architecture = Architecture(3, (2, 3), (2, 2))
    blocks, direction = draw(architecture), draw(architecture, seed=5)
    _, tangent = torch.func.jvp(lambda p: compose(architecture, p), (blocks,), (direction,))
    h = 1e-6
    ahead = compose(architecture, {n: blocks[n] + h * direction[n] for n in blocks})
    back = compose(architecture, {n: blocks[n] - h * direction[n] for n in blocks})
    torch.testing.assert_close(tangent, (ahead - back) / (2 * h), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((-1, (2, 2)), "depth must be 0 or more"),
        ((1, ()), "at least one mode"),
        ((1, (2, 0)), "at least 1"),
        ((1, (2, 2), (2,)), "2 sizes but 1 ranks"),
        ((1, (2, 2), None, "colum"), "chain must be one of"),
        ((0, (2, 2), (1, 1)), "depth 0 is the core alone"),
    ],
)
def test_an_impossible_architecture_is_refused_with_a_reason(arguments, words):
    with pytest.raises(UsageError, match=words):
        Architecture(*arguments)


@pytest.mark.parametrize("arguments", [(0, (2, 2)), (1, (2, 2), (1, 2))])
def test_an_impossible_cp_model_is_refused_with_a_reason(arguments):
    with pytest.raises(UsageError, match="one number of components"):
        Architecture(*arguments, model="cp")
    with pytest.raises(UsageError, match="model must be one of tucker, cp"):
        Architecture(1, (2, 2), model="cpd")


@pytest.mark.parametrize("architecture", CP, ids=str)
def test_cp_is_tucker_with_ones_on_the_superdiagonal_of_a_core_that_stays(architecture):
    blocks, (target, weights) = draw(architecture), problem(architecture)
    tucker = Architecture(architecture.depth, architecture.sizes, architecture.ranks, architecture.chain)
    core = torch.zeros(architecture.ranks, dtype=torch.float64)
    core[(torch.arange(architecture.ranks[0]),) * architecture.order] = 1
    torch.testing.assert_close(compose(architecture, blocks), compose(tucker, {"G": core, **blocks}))
    both = [DeepTucker(architecture, blocks), DeepTucker(tucker, {"G": core, **blocks})]
    for model in both:
        weighted_loss(model(), target, weights).backward()
    for name in blocks:
        torch.testing.assert_close(both[0].blocks[name].grad, both[1].blocks[name].grad, rtol=1e-11, atol=1e-12)


def test_descent_is_plain_gradient_descent_of_every_problem():
    architecture = Architecture(2, (3, 2, 2), (2, 2, 2), "mode")
    blocks, (target, weights) = draw(architecture, batch=(3,)), problem(architecture, batch=(3,))
    run = descend(architecture, blocks, target, weights, step=1e-3, steps=5, record_every=2)
    assert run.steps.tolist() == [0, 2, 4, 5]
    expected = {name: b[1].numpy().copy() for name, b in blocks.items()}
    for _ in range(5):
        gradient = reference_gradient(architecture, expected, target[1].numpy(), weights[1].numpy())
        expected = {name: expected[name] - 1e-3 * gradient[name] for name in expected}
    for name in expected:
        np.testing.assert_allclose(run.final[name][1].numpy(), expected[name], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(run.losses[-1], problem_losses(architecture, run.final, target, weights))


def test_a_step_that_diverges_reports_step_loss_and_a_usable_stable_step():
    architecture = Architecture(1, (3, 3), (2, 2))
    blocks, (target, weights) = draw(architecture), problem(architecture)
    with pytest.raises(DivergenceError, match="2/sharpness is about") as caught:
        descend(architecture, blocks, target, weights, step=50.0, steps=200)
    assert caught.value.stable_step is not None
    assert 0 < caught.value.stable_step < 50.0
    descend(architecture, blocks, target, weights, step=caught.value.stable_step / 4, steps=50)


def test_sharpness_is_the_top_eigenvalue_of_the_hessian():
    architecture = Architecture(1, (2, 2), (1, 2))
    blocks, (target, weights) = draw(architecture), problem(architecture)
    shapes = architecture.shapes

    def loss(flat):
        parts = dict(zip(shapes, flat.split([int(np.prod(s)) for s in shapes.values()]), strict=True))
        return problem_losses(architecture, {n: parts[n].reshape(shapes[n]) for n in shapes}, target, weights)

    flat = torch.cat([blocks[name].flatten() for name in shapes])
    exact = torch.linalg.eigvalsh(torch.autograd.functional.hessian(loss, flat)).abs().max()
    torch.testing.assert_close(
        sharpness(architecture, blocks, target, weights, iterations=400), exact, rtol=1e-6, atol=0
    )


def test_bad_problems_are_refused_before_training():
    architecture = Architecture(1, (2, 2))
    blocks, (target, weights) = draw(architecture), problem(architecture)
    for bad_target, bad_weights, words in (
        (target[:1], weights, "target has shape"),
        (target, weights * 0, "observes nothing"),
        (target.float(), weights, "mixed dtypes"),
        (target * torch.nan, weights, "not finite"),
    ):
        with pytest.raises(UsageError, match=words):
            descend(architecture, blocks, bad_target, bad_weights, step=0.1, steps=1)
    with pytest.raises(UsageError, match="block 'a1' has shape"):
        descend(architecture, {**blocks, "a1": blocks["a1"][:1]}, target, weights, step=0.1, steps=1)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_problems_of_a_batch_do_not_feel_each_other_under_any_optimizer(optimizer):
    architecture = Architecture(2, (3, 2), (2, 2), "gate")
    blocks = draw(architecture, batch=(2,))
    blocks["G"][1] *= 50  # one global scalar for both problems would slow the first one down
    target, weights = problem(architecture, batch=(2,))
    both = descend(architecture, blocks, target, weights, step=1e-4, steps=5, optimizer=optimizer)
    alone = descend(
        architecture, {n: b[0] for n, b in blocks.items()}, target[0], weights[0],
        step=1e-4, steps=5, optimizer=optimizer,
    )  # fmt: skip
    for name, values in alone.parameters.items():
        torch.testing.assert_close(both.parameters[name][:, 0], values, rtol=1e-12, atol=1e-14)
