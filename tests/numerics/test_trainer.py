"""The fast path equals the autograd route; optimizers, minibatches, memory and bad problems."""

import gc
import weakref

import pytest
import torch
from architectures import CP

from numerics import (
    Architecture,
    ClosedForm,
    Completion,
    DeepTucker,
    DivergenceError,
    Experiment,
    Sensing,
    Trainer,
    UsageError,
    check_memory,
    full_observation,
    gaussian_start,
    observe,
)
from numerics._optimizers import make_optimizer

MODELS = [
    Architecture(depth, sizes, ranks if depth else None, chain)
    for chain in ("column", "mode", "gate")
    for depth in (0, 1, 2, 4)
    for sizes, ranks in (((3, 2, 4), (2, 3, 2)), ((3,), (2,)), ((2, 2, 3, 2), (3, 2, 2, 3)))
]
OPTIMIZERS = ("gd", "momentum", "group-rmsprop", "rmsprop", "adam")


def draw(architecture, batch=(), dtype=torch.float64, size=0.5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    blocks = {
        name: size * torch.randn(*batch, *shape, generator=generator, dtype=dtype)
        for name, shape in architecture.shapes.items()
    }
    target = torch.randn(*batch, *architecture.sizes, generator=generator, dtype=dtype)
    return blocks, observe(target, 0.6, order=architecture.order, seed=seed)


def sensing(architecture, batch=(), seed=0):
    generator = torch.Generator().manual_seed(seed)
    operators = torch.randn(7, *architecture.sizes, generator=generator, dtype=torch.float64)
    return Sensing(operators, torch.randn(*batch, 7, generator=generator, dtype=torch.float64))


@pytest.mark.parametrize("batch", [(), (3,), (2, 2)], ids=str)
@pytest.mark.parametrize("architecture", MODELS + CP, ids=str)
def test_closed_form_gradients_equal_autograd_to_rounding(architecture, batch):
    blocks, completion = draw(architecture, batch)
    for problem in (completion, sensing(architecture, batch)):
        model = DeepTucker(architecture, blocks)
        losses = problem.loss(model())
        losses.sum().backward()
        form = ClosedForm(architecture, {n: b.clone() for n, b in blocks.items()}, problem)
        torch.testing.assert_close(form(), losses.detach(), rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(form.W, model().detach(), rtol=1e-12, atol=1e-13)
        for name, block in model.blocks.items():
            torch.testing.assert_close(form.gradients[name], block.grad, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("optimizer", ["gd", "momentum"])
@pytest.mark.parametrize("depth", [1, 2])
def test_both_routes_take_the_same_steps_where_products_are_wide(depth, optimizer):
    architecture = Architecture(depth, (3, 64, 64), (2, 64, 64), "column" if depth == 1 else "mode")
    blocks, problem = draw(architecture, size=0.1)
    ends = []
    for route in ("fast", "autograd"):
        trainer = Trainer(architecture, blocks, problem, step=1e-2, optimizer=optimizer, weight_decay=0.5, route=route)
        trainer.advance(3)
        ends.append(trainer.parameters)
    for name in blocks:
        torch.testing.assert_close(ends[0][name], ends[1][name], rtol=1e-11, atol=1e-13)
        assert not torch.equal(ends[0][name], blocks[name])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("architecture", [MODELS[6], MODELS[9], MODELS[18], MODELS[30], CP[0], CP[3], CP[9]], ids=str)
def test_both_routes_take_the_same_steps_with_every_optimizer(architecture, optimizer):
    blocks, problem = draw(architecture, (2,))
    ends = []
    for route in ("fast", "autograd"):
        trainer = Trainer(architecture, blocks, problem, step=1e-2, optimizer=optimizer, weight_decay=0.02, route=route)
        trainer.advance(12)
        ends.append(trainer.parameters)
    for name in blocks:
        torch.testing.assert_close(ends[0][name], ends[1][name], rtol=1e-9, atol=1e-11)
        assert not torch.equal(ends[0][name], blocks[name])


@pytest.mark.parametrize("architecture", [MODELS[6], MODELS[18], MODELS[30], CP[3]], ids=str)
def test_single_precision_follows_double_precision_to_its_rounding(architecture):
    blocks, problem = draw(architecture)
    double = Trainer(architecture, blocks, problem, step=0.05)
    single = Trainer(architecture, blocks, problem, step=0.05, dtype=torch.float32)
    assert single.parameters["a1"].dtype is torch.float32
    double.advance(20)
    single.advance(20)
    for name in blocks:
        torch.testing.assert_close(single.parameters[name].double(), double.parameters[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("model", ["tucker", "cp"])
@pytest.mark.parametrize("route", ["fast", "autograd"])
def test_minibatches_are_unbiased_and_cover_only_observed_entries(route, model):
    architecture = Architecture(1, (3, 4), (2, 2), model=model)
    blocks, problem = draw(architecture, (2,))
    generator = torch.Generator().manual_seed(3)
    samples = torch.stack([problem.minibatch(3, generator, (2,)) for _ in range(4000)])
    assert ((samples != 0).flatten(2).sum(-1) == 3).all()
    assert not samples[:, problem.weights == 0].any()
    deviation = (samples.mean(0) - problem.weights).abs().max() / problem.weights.max()
    assert deviation < 0.1
    trainer = Trainer(architecture, blocks, problem, step=0.05, minibatch=3, route=route, seed=5)
    other = Trainer(architecture, blocks, problem, step=0.05, minibatch=3, route="fast", seed=5)
    trainer.advance(10)
    other.advance(10)
    for name in blocks:
        torch.testing.assert_close(trainer.parameters[name], other.parameters[name], rtol=1e-10, atol=1e-12)
    with pytest.raises(UsageError, match="larger than the 7 observations"):
        Trainer(architecture, blocks, problem, step=0.05, minibatch=9).advance()


def test_group_rmsprop_divides_the_whole_gradient_of_each_problem_by_one_scalar():
    architecture = Architecture(2, (3, 3), (2, 2))
    blocks, problem = draw(architecture, (2,))
    form = ClosedForm(architecture, {n: b.clone() for n, b in blocks.items()}, problem)
    form()
    trainer = Trainer(architecture, blocks, problem, step=1e-3, optimizer="group-rmsprop")
    trainer.advance()
    ratios = torch.stack([((blocks[n] - trainer.parameters[n]) / form.gradients[n]).flatten(1)[:, 0] for n in blocks])
    torch.testing.assert_close(ratios, ratios[:1].expand_as(ratios), rtol=1e-8, atol=0)
    norm = torch.stack([(g * g).flatten(1).sum(-1) for g in form.gradients.values()]).sum(0).sqrt()
    torch.testing.assert_close(ratios[0], 1e-3 / (norm + 1e-6), rtol=1e-8, atol=0)


def test_group_rmsprop_corrects_its_mean_for_the_number_of_steps():
    """Three steps written out: mean m <- a m + (1 - a) ||g||^2, divided by 1 - a^t."""
    p = torch.tensor([3.0, -1.0], dtype=torch.float64)
    rule = make_optimizer("group-rmsprop", [p], step=0.1, alpha=0.9, eps=1e-6)
    mean, wanted = 0.0, p.clone()
    for count, slope in enumerate(([4.0, 3.0], [0.0, 1.0], [2.0, 2.0]), start=1):
        p.grad = torch.tensor(slope, dtype=torch.float64)
        rule.step()
        mean = 0.9 * mean + 0.1 * float(p.grad @ p.grad)
        wanted = wanted - 0.1 * p.grad / ((mean / (1 - 0.9**count)) ** 0.5 + 1e-6)
        torch.testing.assert_close(p, wanted, rtol=1e-12, atol=0)


def test_momentum_has_the_documented_default_and_takes_another_one():
    p = torch.zeros(1, dtype=torch.float64)
    assert make_optimizer("momentum", [p], step=0.1).defaults["momentum"] == 0.9
    assert make_optimizer("momentum", [p], step=0.1, momentum=0.3).defaults["momentum"] == 0.3
    assert make_optimizer("gd", [p], step=0.1).defaults["momentum"] == 0


def test_training_with_weight_decay_ends_at_a_stationary_point_of_the_penalised_problem():
    architecture = Architecture(2, (3, 3, 2), (2, 2, 2))
    generator = torch.Generator().manual_seed(11)
    blocks = {
        name: 0.6 * torch.randn(*shape, generator=generator, dtype=torch.float64)
        for name, shape in architecture.shapes.items()
    }
    problem = full_observation(torch.randn(3, 3, 2, generator=generator, dtype=torch.float64), mean=False)
    decay = 0.2
    trainer = Trainer(architecture, blocks, problem, step=0.01, weight_decay=decay, optimizer="momentum")
    trainer.advance(1500)
    form = ClosedForm(architecture, {n: b.clone() for n, b in trainer.parameters.items()}, problem)
    form()
    assert float(trainer.parameters["G"].norm()) > 0.1
    for name, block in trainer.parameters.items():
        torch.testing.assert_close(form.gradients[name], -decay * block, rtol=0, atol=1e-9)
    # there all blocks of a group have one norm: the penalty balances what plain flow would only conserve, (14)
    core = trainer.parameters["G"].flatten(1).norm(dim=-1)
    torch.testing.assert_close(trainer.parameters["a1"].norm(dim=0), core, rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(trainer.parameters["A1.1"].flatten(1).norm(dim=-1), core, rtol=1e-6, atol=1e-8)


def test_divergence_names_the_step_the_loss_and_a_step_that_is_stable():
    architecture = Architecture(1, (3, 3), (2, 2))
    blocks, problem = draw(architecture)
    with pytest.raises(DivergenceError, match="2/sharpness is about") as caught:
        Trainer(architecture, blocks, problem, step=200.0).advance(500)
    assert 0 < caught.value.stable_step < 200
    assert caught.value.step_index < 100
    Trainer(architecture, blocks, problem, step=caught.value.stable_step / 4).advance(500)


def test_one_diverging_problem_of_a_batch_is_named():
    architecture = Architecture(1, (3, 3), (2, 2))
    blocks, problem = draw(architecture, (4,), size=0.01)
    blocks["G"][2] *= 1e4
    blocks["a1"][2] *= 1e3
    with pytest.raises(DivergenceError) as caught:
        Trainer(architecture, blocks, problem, step=1.0).advance(200)
    assert caught.value.problem == 2


def test_bad_problems_are_refused_before_training():
    architecture = Architecture(1, (3, 3), (2, 2))
    blocks, problem = draw(architecture)
    with pytest.raises(UsageError, match="observes nothing"):
        Completion(problem.target, problem.weights * 0)
    with pytest.raises(UsageError, match="not finite"):
        Completion(problem.target * torch.inf, problem.weights)
    with pytest.raises(UsageError, match="mixed dtypes"):
        Completion(problem.target.float(), problem.weights)
    with pytest.raises(UsageError, match="mixed dtypes"):
        Trainer(architecture, {**blocks, "G": blocks["G"].float()}, problem, step=0.1)
    with pytest.raises(UsageError, match="the problem's tensor has sizes"):
        Trainer(Architecture(1, (3, 4), (2, 2)), blocks, problem, step=0.1)
    with pytest.raises(UsageError, match="GiB are free"):
        check_memory(Architecture(2, (5000, 5000, 5000)), 1, torch.float64)
    with pytest.raises(UsageError, match="step must be positive"):
        Trainer(architecture, blocks, problem, step=0.0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, this machine has none")
@pytest.mark.parametrize("architecture", [MODELS[6], MODELS[18], MODELS[30], CP[3]], ids=str)
def test_a_cuda_device_gives_the_same_path(architecture):
    blocks, problem = draw(architecture, (3,))
    here = Trainer(architecture, blocks, problem, step=0.05)
    there = Trainer(architecture, blocks, problem, step=0.05, device="cuda")
    here.advance(20)
    there.advance(20)
    for name in blocks:
        torch.testing.assert_close(there.parameters[name].cpu(), here.parameters[name], rtol=1e-9, atol=1e-11)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_missing_cuda_device_is_a_one_line_error():
    architecture = Architecture(1, (2, 2))
    blocks, problem = draw(architecture)
    with pytest.raises(UsageError, match="this machine has none"):
        Trainer(architecture, blocks, problem, step=0.1, device="cuda")


@pytest.mark.parametrize("chain", ["column", "mode", "gate"])
def test_permuting_the_modes_permutes_the_whole_path(chain):
    architecture, permuted = Architecture(2, (3, 2, 4), (2, 3, 2), chain), Architecture(2, (4, 3, 2), (2, 2, 3), chain)
    blocks, problem = draw(architecture)
    order = (2, 0, 1)
    moved = {"G": blocks["G"].permute(order)}
    for new, old in enumerate(order, start=1):
        moved |= {f"a{new}": blocks[f"a{old + 1}"], f"A{new}.1": blocks[f"A{old + 1}.1"]}
    first = Trainer(architecture, blocks, problem, step=0.05)
    second = Trainer(
        permuted, moved, Completion(problem.target.permute(order), problem.weights.permute(order)), step=0.05
    )
    first.advance(20)
    second.advance(20)
    torch.testing.assert_close(second.W, first.W.permute(order), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("chain", ["column", "mode"])
def test_an_orthogonal_change_of_basis_of_target_and_blocks_rotates_the_whole_path(chain):
    architecture = Architecture(2, (3, 3), (2, 3), chain)
    blocks, problem = draw(architecture)
    problem = full_observation(problem.target)
    Q = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(4), dtype=torch.float64)).Q
    turned = {**blocks, "A1.1": Q @ blocks["A1.1"]}
    first = Trainer(architecture, blocks, problem, step=0.05)
    second = Trainer(architecture, turned, full_observation(Q @ problem.target), step=0.05)
    first.advance(30)
    second.advance(30)
    torch.testing.assert_close(second.W, Q @ first.W, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("chain", ["column", "mode", "gate"])
def test_scaling_blocks_and_target_scales_the_path_with_the_homogeneous_degree(chain):
    architecture = Architecture(2, (3, 2), (2, 2), chain)
    blocks, problem = draw(architecture)
    problem = full_observation(problem.target)
    degree, factor = 1 + 2 * 2, 1.3
    first = Trainer(architecture, blocks, problem, step=0.02)
    second = Trainer(
        architecture,
        {name: factor * block for name, block in blocks.items()},
        full_observation(factor**degree * problem.target),
        step=0.02 / factor ** (2 * degree - 2),
    )
    first.advance(30)
    second.advance(30)
    torch.testing.assert_close(second.W, factor**degree * first.W, rtol=1e-10, atol=1e-12)


def test_a_start_from_numpy_arrays_is_accepted():
    architecture = Architecture(2, (3, 3))
    _, problem = draw(architecture)
    trainer = Trainer(architecture, gaussian_start(architecture, 0.1), problem, step=0.1)
    trainer.advance(3)
    assert trainer.index == 3


@pytest.mark.parametrize(
    "words",
    [
        {}, {"route": "autograd"}, {"optimizer": "momentum"}, {"chain": "mode"}, {"chain": "gate"},
        {"model": "cp", "core": "3"},
    ],
    ids=str,
)  # fmt: skip
def test_a_trainer_that_nobody_holds_gives_its_blocks_back_at_once(words) -> None:
    trainer = Experiment(sizes="4,3", depth=2, **words).trainer()
    trainer.advance(3)
    held = [weakref.ref(it) for it in (trainer, trainer._form or trainer._model, next(iter(trainer.blocks.values())))]
    gc.collect()
    gc.disable()
    try:
        del trainer
        assert [it() for it in held] == [None, None, None]
    finally:
        gc.enable()
