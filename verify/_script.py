"""A counterexample as a standalone script that needs only NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._counterexample import start_of
from ._problem import Problem

TEMPLATE = """\
# {claim}: depth {depth}, order {order}, chain={chain}, start {assumes}
# The engine measured {measured!r} against predicted {predicted!r} ({confirmed}).
import numpy as np

{blocks}
target, weights = {target}, {weights}

def W(b):
    out = b["G"]
    for n in range({order}):
{factor}
    return out

def loss(b): return 0.5 * np.sum(weights * (W(b) - target) ** 2)
def gradient(name, h=1e-6):  # central differences
    g = np.zeros_like(blocks[name])
    for i in np.ndindex(g.shape):
        up, down = ({{**blocks, name: blocks[name].copy()}} for _ in "ud"); up[name][i] += h; down[name][i] -= h
        g[i] = (loss(up) - loss(down)) / (2 * h)
    return g
print("W =", W(blocks).tolist(), " loss =", loss(blocks))
for name in blocks: print("d" + name + "/dt =", (-gradient(name)).tolist())
"""

TARGET = """\
# {claim}: depth K = {depth}, order {order}
# The engine measured {measured!r} against predicted {predicted!r} ({confirmed}).
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


def script(data: dict[str, Any], problem: Problem) -> str:
    """Python source that rebuilds the start of a counterexample and prints W, the loss and the flow's velocity.

    For a Target it prints the tensor's slice norms, penalties and spectra.
    """
    given = {
        key: data[key] for key in ("claim", "depth", "order", "chain", "assumes", "measured", "predicted", "confirmed")
    }
    if data["subject"] == "Target":
        values = np.ldexp(np.array(data["target"], dtype=float), data["target_exponent"])
        return TARGET.format(**given, target=f"np.array({values.tolist()!r})")
    problem = start_of(problem, data["subject"], data["assumes"])
    architecture, blocks = problem.blocks_for(data["assumes"])
    lines = [f'    "{name}": np.array({value.tolist()!r}),' for name, value in blocks.items()]
    if architecture.depth:
        factor = LOOP.format(links=architecture.depth - 1, link=LINK[architecture.chain])
    else:
        factor = "        pass  # depth 0: W is the core"
    state = problem.state(data["assumes"])
    return TEMPLATE.format(
        **given,
        blocks="blocks = {\n" + "\n".join(lines) + "\n}",
        target=f"np.array({state.target.tolist()!r})",
        weights=f"np.array({state.weights.tolist()!r})",
        factor=factor,
    )
