"""The compiled flow against SciPy's DOP853 on a hand-written NumPy gradient, both measured in this run; 1 thread.

python benchmarks/numerics_flow.py [sizes=20] [until=5000]
"""

import sys
import time

import numpy as np
from _measure import report, spread
from scipy.integrate import solve_ivp

from numerics import Architecture, matched_start, solve_flow, tucker_target


def hand_written(depth, blocks, target, weights):
    """What one writes: einsum-free tensordots of the gradient of an order-3 model with one chain per mode."""
    shapes = {name: value.shape for name, value in blocks.items()}
    sizes = [int(np.prod(shape)) for shape in shapes.values()]
    cuts = np.cumsum([0, *sizes])

    def rate(t, y):
        p = {
            name: y[a:b].reshape(shape) for (name, shape), a, b in zip(shapes.items(), cuts[:-1], cuts[1:], strict=True)
        }
        suffixes = []
        for n in (1, 2, 3):
            chain = [p[f"a{n}"]]
            for k in range(depth - 1, 0, -1):
                chain.insert(0, p[f"A{n}.{k}"] @ chain[0])
            suffixes.append(chain)
        U1, U2, U3 = (chain[0] for chain in suffixes)
        T1 = np.tensordot(U1, p["G"], (1, 0))
        T2 = np.tensordot(T1, U2, (1, 1)).transpose(0, 2, 1)
        D = weights * (T2 @ U3.T - target)
        dU3 = np.tensordot(D, T2, ((0, 1), (0, 1)))
        B2 = D @ U3
        dU2 = np.tensordot(B2, T1, ((0, 2), (0, 2)))
        B1 = np.tensordot(B2, U2, (1, 0)).transpose(0, 2, 1)
        dU1 = np.tensordot(B1, p["G"], ((1, 2), (1, 2)))
        gradient = {"G": np.tensordot(U1, B1, (0, 0))}
        for n, back in ((1, dU1), (2, dU2), (3, dU3)):
            for k in range(1, depth):
                A = p[f"A{n}.{k}"]
                gradient[f"A{n}.{k}"] = back @ suffixes[n - 1][k].T
                back = A.T @ back
            gradient[f"a{n}"] = back
        return -np.concatenate([gradient[name].ravel() for name in shapes])

    return rate


def main(size: int = 20, until: float = 5000.0) -> None:
    target = tucker_target((size,) * 3, (3, 3, 3)).numpy()
    mask = (np.random.default_rng(0).random(target.shape) < 0.5).astype(float)
    weights = mask / mask.mean()
    for depth in (1, 2):
        architecture = Architecture(depth, (size,) * 3, None, "mode")
        start = matched_start(architecture, 0.5)
        seconds = {"compiled": [], "by hand": []}
        for _ in range(3):
            began = time.process_time()
            ours = solve_flow(architecture, start, target, weights, [0.0, until], rtol=1e-6, atol=1e-9)
            seconds["compiled"].append(time.process_time() - began)
            rate = hand_written(depth, start, target, weights)
            y0 = np.concatenate([value.ravel() for value in start.values()])
            began = time.process_time()
            theirs = solve_ivp(rate, (0.0, until), y0, method="DOP853", rtol=1e-6, atol=1e-9)
            seconds["by hand"].append(time.process_time() - began)
        apart = abs(ours.final["G"].ravel() - theirs.y[: ours.final["G"].size, -1]).max()
        print(f"K={depth}: {ours.evaluations} and {theirs.nfev} evaluations, cores {apart:.1e} apart, {ours.status}")
        ratio = spread(np.array(seconds["compiled"]) / np.array(seconds["by hand"]))
        report(f"flow of {size}^3, mode, K={depth}, t=0..{until:g}: compiled / by hand", ratio, 1.0, at_most=True)


if __name__ == "__main__":
    keys = dict(argument.split("=", 1) for argument in sys.argv[1:])
    main(int(keys.get("sizes", 20)), float(keys.get("until", 5000)))
