"""Integrate the derived gradient flow of a small deep Tucker model and watch its core slices grow one after another."""

import numpy as np

from numerics import Architecture, matched_start, solve_flow, tucker_target


def main(points: int = 7, depth: int = 2) -> np.ndarray:
    """Mode-1 slice norms (points, R) along the flow."""
    architecture = Architecture(depth, (4, 4, 4))
    target = tucker_target((4, 4, 4), (2, 2, 2), seed=0).numpy()
    start = matched_start(architecture, 0.5, by="slice", matrices=True, seed=1)
    flow = solve_flow(architecture, start, target, np.ones_like(target), np.linspace(0.0, 20.0, points))
    norms = np.sqrt((flow.parameters["G"] ** 2).sum(axis=(2, 3)))
    for time, loss, row in zip(flow.times, flow.losses, norms, strict=True):
        print(f"t = {time:5.1f}   loss = {loss:.3e}   slice norms = {np.round(row, 3)}")
    return norms


if __name__ == "__main__":
    main()
