"""A counterexample as a standalone script that needs only NumPy, and SciPy for a gradient flow."""

from __future__ import annotations

from string import ascii_letters
from typing import Any

import numpy as np

from numerics import LOSSES, Architecture, Model, Network, UsageError

from ._counterexample import start_of
from ._events import in_short
from ._problem import Problem

TEMPLATE = """\
# {claim!r}: {cell}, start {assumes}
# The engine measured {measured!r} against predicted {predicted!r}: {confirmed!r}
import numpy as np

{blocks}
target, weights = {target}, {weights}
{model}
def value(w, y): return {value}
def slope(w, y): return {slope}
def loss(b): return np.sum(weights * value(W(b), target))
{gradient}
print("W =", W(blocks).tolist(), " loss =", loss(blocks))
for name, g in gradient(blocks).items(): print("d" + name + "/dt =", (-g).tolist())
{run}"""

TUCKER = """
def W(b):
    out = b["G"]
    for n in range({order}):
{factor}
    return out
"""

TUCKER_GRADIENT = """\
def gradient(b):  # W is linear in every block, so the unit tensors in its place give the derivatives
    D, g = weights * slope(W(b), target), {name: np.zeros_like(block) for name, block in b.items()}
    for name, block in b.items():
        for i in np.ndindex(block.shape):
            unit = np.zeros_like(block); unit[i] = 1
            g[name][i] = np.sum(D * W({**b, name: unit}))
    return g"""

NETWORK = """
# {name!r}: W is the sum of coefficient * einsum(equation, blocks)
TERMS = {terms!r}
OUTPUT = {output!r}

def W(b): return sum(c * np.einsum(",".join(rows) + "->" + OUTPUT, *(b[n] for n in names)) for c, names, rows in TERMS)
"""

NETWORK_GRADIENT = """\
def gradient(b):  # every place of a block gives D times what stands in the other places of its network
    D, g = weights * slope(W(b), target), {name: np.zeros_like(block) for name, block in b.items()}
    for c, names, rows in TERMS:
        for k, name in enumerate(names):
            others = [(rows[j], b[names[j]]) for j in range(len(names)) if j != k]
            equation = ",".join([OUTPUT, *(row for row, _ in others)]) + "->" + rows[k]
            g[name] = g[name] + c * np.einsum(equation, D, *(block for _, block in others))
    return g"""

DESCENT = """
# The run: {rule}, options {options}, {steps} steps of size {step!r}.
step, steps, b = {step!r}, {steps}, {{name: block.copy() for name, block in blocks.items()}}
mean, square = ({{name: np.zeros_like(block) for name, block in b.items()}} for _ in "mv")
losses = [loss(b)]
for t in range(1, steps + 1):
    gradients = gradient(b)
    total = sum(np.sum(g * g) for g in gradients.values())
{before}    for name, g in gradients.items():
{update}
    losses.append(loss(b))
print("losses", losses[:: max(1, steps // 16)])
print("final loss", float(losses[-1]), "measured by the engine: {final_loss!r}")
"""

FLOW = """
# The run: the gradient flow from time 0 to {time!r}.
from scipy.integrate import solve_ivp

def pack(b): return np.concatenate([b[name].reshape(-1) for name in blocks])
def unpack(x):
    b = {{}}
    for name, block in blocks.items(): b[name], x = x[:block.size].reshape(block.shape), x[block.size:]
    return b
times = np.linspace(0, {time!r}, 17)
flow = solve_ivp(
    lambda t, x: -pack(gradient(unpack(x))), (0, times[-1]), pack(blocks), "DOP853", times, rtol=1e-10, atol=1e-13
)
losses = [loss(unpack(x)) for x in flow.y.T]
print("losses", losses)
print("final loss", float(losses[-1]), "measured by the engine: {final_loss!r}")
"""

ENDED = """
print("the run did not arrive:", {ended!r})
"""

# What every rule adds before and inside the loop over blocks.
UPDATE = {
    "gd": ("", "b[name] -= step * g"),
    "momentum": ("", "mean[name] = {momentum} * mean[name] + g; b[name] -= step * mean[name]"),
    "rmsprop": (
        "",
        "square[name] = {alpha!r} * square[name] + (1 - {alpha!r}) * g * g; "
        "b[name] -= step * g / (np.sqrt(square[name]) + 1e-8)",
    ),
    "group-rmsprop": (
        '    square["all"] = {alpha!r} * square.get("all", 0.0) + (1 - {alpha!r}) * total\n'
        '    rate = step / (np.sqrt(square["all"] / (1 - {alpha!r} ** t)) + 1e-6)\n',
        "b[name] -= rate * g",
    ),
    "adam": (
        "",
        "mean[name] = 0.9 * mean[name] + 0.1 * g; square[name] = 0.999 * square[name] + 0.001 * g * g\n"
        "        size = np.sqrt(square[name] / (1 - 0.999**t)) + 1e-8\n"
        "        b[name] -= step * mean[name] / (1 - 0.9**t) / size",
    ),
}

TARGET = """\
# {claim!r}: depth K = {depth}, order {order}
# The engine measured {measured!r} against predicted {predicted!r}: {confirmed!r}
import numpy as np

K, W = {depth}, {target}
for n in range(W.ndim):
    unfolding = np.moveaxis(W, n, 0).reshape(W.shape[n], -1)
    norms = np.linalg.norm(unfolding, axis=1)
    print("mode", n, "slice norms", norms, "penalty (14)", (K + 1) / 2 * np.sum(norms ** (2 / (K + 1))))
    print("       singular values", np.linalg.svd(unfolding, compute_uv=False))
"""

LINK = {
    "column": 'np.einsum("rij,jr->ir", b[f"A{n + 1}.{k}"], u)',
    "mode": 'b[f"A{n + 1}.{k}"] @ u',
    "gate": 'u * b[f"A{n + 1}.{k}"]',
}
LOOP = """\
        u = b[f"a{{n + 1}}"]
        for k in range({links}, 0, -1): u = {link}
        out = np.moveaxis(np.tensordot(u, out, (1, n)), 0, n)"""


@np.errstate(over="ignore", invalid="ignore")  # what overflows is refused in words
def script(data: dict[str, Any], problem: Problem) -> str:
    """Python source that rebuilds a counterexample: prints W, the loss, the flow's velocity and the losses of a run.

    For a Target it prints the tensor's slice norms, penalties and spectra.

    Raises:
        UsageError: its numbers leave float64's range.
    """
    given = {key: data[key] for key in ("claim", "depth", "order", "assumes", "measured", "predicted", "confirmed")}
    if data["subject"] == "Target":
        values = np.ldexp(np.array(data["target"], dtype=float), data["target_exponent"])
        _check_finite(values)
        return TARGET.format(**given, target=f"np.array({values.tolist()!r})")
    problem = start_of(problem, data["subject"], data["assumes"])
    architecture, blocks = problem.blocks_for(data["assumes"])
    lines = [f'    "{name}": np.array({value.tolist()!r}),' for name, value in blocks.items()]
    if problem.loss.script is None or data.get("loss", "squared") not in LOSSES:
        raise UsageError(
            f"the {data.get('loss')} loss is of the conjecture's own file: no script can stand alone with it"
        )
    value, slope = problem.loss.script
    model, gradient = _model(architecture)
    state = problem.state(data["assumes"])
    _check_finite(*blocks.values(), state.target.numpy(), state.weights.numpy())
    return TEMPLATE.format(
        **given,
        cell=in_short(
            data.get("model", "tucker"), data["depth"], data["order"], data["chain"], data.get("loss", "squared")
        ),
        model=model,
        value=value,
        slope=slope,
        gradient=gradient,
        blocks="blocks = {\n" + "\n".join(lines) + "\n}",
        target=f"np.array({state.target.tolist()!r})",
        weights=f"np.array({state.weights.tolist()!r})",
        run=_run(data.get("run")),
    )


def _model(model: Model) -> tuple[str, str]:
    """W and its gradient of a model as NumPy."""
    if isinstance(model, Network):
        description = model.description
        letter = dict(zip(description.labels, ascii_letters, strict=False))
        terms = [
            (
                float(term.coefficient),
                [name for name, _ in term.slots],
                ["".join(letter[x] for x in labels) for _, labels in term.slots],
            )
            for term in description.terms
        ]
        output = "".join(letter[x] for x in description.output)
        return NETWORK.format(name=description.name, terms=terms, output=output), NETWORK_GRADIENT
    assert isinstance(model, Architecture)
    factor = "        pass  # depth 0: W is the core"
    if model.depth:
        factor = LOOP.format(links=model.depth - 1, link=LINK[model.chain])
    return TUCKER.format(order=model.order, factor=factor), TUCKER_GRADIENT


def _check_finite(*arrays: np.ndarray) -> None:
    if not all(np.isfinite(values).all() for values in arrays):
        raise UsageError("the numbers of this counterexample leave float64's range: no NumPy script can hold them")


def _run(run: dict[str, Any] | None) -> str:
    """The part of a script that repeats the run of a path."""
    if not run:
        return ""
    if "ended" in run:
        return ENDED.format(**run)
    if run["rule"] == "gradient flow":
        return FLOW.format(**run)
    before, update = (part.format(**run["options"]) for part in UPDATE[run["rule"]])
    return DESCENT.format(**run, before=before, update="        " + update)
