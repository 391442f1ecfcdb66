"""Losses and models of any kind: slopes against autograd, the compiled flow and the hand-written gradients alike."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from numerics import (
    LOSSES,
    SQUARED,
    FlowField,
    Loss,
    Network,
    UsageError,
    component,
    compose,
    descend,
    loss_of,
    reference_compose,
    reference_pullback,
    sharpness,
    solve_flow,
)
from theory import parametrisation

LINES = [
    "A:ir, B:jr, C:kr -> ijk",
    "U:ir, U:jr -> ij",
    "u:i, u:i - v:i, v:i -> i",
    "A:ir, B:rj + A:ir, C:rj -> ij",
    "S:ij + u:i, v:j -> ij",
    "A:xiy, B:yjz, C:zkx -> ijk",
]


def network(line: str) -> Network:
    model = parametrisation("mine", line)
    return Network(model, {part[0]: 2 + k for k, part in enumerate(model.tied)})


def drawn(model: Network, seed: int = 0) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def normal(shape: tuple[int, ...]) -> torch.Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    blocks = {name: normal(shape) for name, shape in model.shapes.items()}
    return blocks, torch.sign(normal(model.sizes)), normal(model.sizes).abs()


@pytest.mark.parametrize("loss", LOSSES.values(), ids=str)
@pytest.mark.parametrize("line", LINES)
def test_autograd_the_compiled_flow_and_the_reference_agree(line: str, loss: Loss) -> None:
    model = network(line)
    blocks, target, weights = drawn(model)
    leaves = {name: block.clone().requires_grad_() for name, block in blocks.items()}
    loss.total(compose(model, leaves), target, weights).backward()
    field = FlowField(model, (), target.numpy(), weights.numpy(), loss)
    arrays = {name: block.numpy() for name, block in blocks.items()}
    y = field.pack(arrays).ravel()
    flow = field.unpack(field(0.0, y).reshape(1, -1))
    D = loss.gradient(compose(model, blocks), target, weights).numpy()
    by_hand = reference_pullback(model, arrays, D)
    for name, leaf in leaves.items():
        np.testing.assert_allclose(flow[name], -leaf.grad.numpy(), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(by_hand[name], leaf.grad.numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(reference_compose(model, arrays), compose(model, blocks).numpy(), rtol=1e-12, atol=1e-12)
    v = np.random.default_rng(1).standard_normal(y.shape)
    quotient = (field(0.0, y + 1e-6 * v) - field(0.0, y - 1e-6 * v)) / 2e-6
    np.testing.assert_allclose(field.derivative(y, v)[1], quotient, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=str)
def test_a_fine_descent_follows_the_flow_of_its_loss(loss: Loss) -> None:
    model = network(LINES[0])
    blocks, target, weights = drawn(model, 3)
    blocks = {name: 0.5 * block for name, block in blocks.items()}
    errors = []
    flow = solve_flow(model, {n: b.numpy() for n, b in blocks.items()}, target.numpy(), weights.numpy(), [0.0, 0.1],
                      loss=loss)  # fmt: skip
    for steps in (20, 40):
        run = descend(model, blocks, target, weights, step=0.1 / steps, steps=steps, loss=loss)
        errors.append(max(float((run.final[n] - torch.from_numpy(flow.final[n])).abs().max()) for n in blocks))
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.1)


def test_parts_of_a_network_add_up_to_it() -> None:
    model = network("A:ir, B:jr, C:kr -> ijk")
    blocks, *_ = drawn(model)
    parts = sum(component(model, blocks, "r", r) for r in range(model.of_label["r"]))
    torch.testing.assert_close(parts, compose(model, blocks))
    square = network("u:i, u:i - v:i, v:i -> i")
    blocks, *_ = drawn(square)
    total = sum(component(square, blocks, f"i.{k}", r) for k in (1, 2) for r in range(2))
    torch.testing.assert_close(total, compose(square, blocks))


def test_a_network_is_padded_batched_and_exact() -> None:
    model = network(LINES[2])
    exact = {name: np.array([Fraction(1, 3), Fraction(-2)], dtype=object) for name in model.shapes}
    assert reference_compose(model, exact).tolist() == [0, 0]
    blocks, *_ = drawn(network(LINES[0]))
    batch = {name: torch.stack([block, 2 * block]) for name, block in blocks.items()}
    W = compose(network(LINES[0]), batch)
    torch.testing.assert_close(W[1], 8 * W[0])


def test_a_linear_loss_has_no_sharpness_of_its_own() -> None:
    model = network("S:ij -> ij")
    blocks, target, weights = drawn(model)
    assert float(sharpness(model, blocks, target, weights, loss=LOSSES["linear"])) == 0


def test_what_cannot_be_is_said_in_one_line() -> None:
    model = network(LINES[0])
    blocks, target, weights = drawn(model)
    with pytest.raises(UsageError, match=r"logistic loss are \+1 or -1"):
        descend(model, blocks, 2 * target, weights, step=0.1, steps=1, loss=LOSSES["logistic"])
    with pytest.raises(UsageError, match="did you mean 'logistic'"):
        loss_of("logistik")
    assert loss_of("squared") is SQUARED
    with pytest.raises(UsageError, match="size of label 'i'"):
        Network(model.description, {"r": 2})
    with pytest.raises(UsageError, match="at least 1"):
        Network(model.description, {"i": 0, "j": 1, "k": 1, "r": 1})
