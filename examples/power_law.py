"""The power law (8) from formula to verdict: rendered, seen in a training run, and a wrong variant of it refuted."""

from pathlib import Path

import numpy as np
import sympy

from numerics import Architecture, matched_start, observe, solve_flow, train, tucker_target
from numerics import Trainer as GradientDescent
from theory import slice_norm_rate
from verify import State, check, conjecture, equal


@conjecture(title="Slice norms grow with power K + 1", source="a plausible slip", assumes="balanced")
def one_power_too_many(state: State):
    """The exponent of (8) off by one."""
    rate = state.rate(lambda s: s.slice_norms(mode=0))
    return equal(rate, state.slice_norms(mode=0) ** (state.depth + 1) * state.alignment(mode=0))


def main(depth: int = 2, steps: int = 3000, examples: int = 100, picture: str = "power_law.png") -> dict[str, float]:
    """Write the picture; return the refuted conjecture's two sides and how far the run is from the flow."""
    from matplotlib import pyplot

    law = slice_norm_rate(depth)
    g, alignment = law.args
    formula = sympy.latex(law.expression.subs({g: sympy.Symbol("g"), alignment: sympy.Symbol("c")}))
    print(f"theory, depth {depth}: dg/dt = {law.expression}")

    architecture, step = Architecture(depth, (4, 4, 4)), 0.01
    problem = observe(tucker_target((4, 4, 4), (1, 1, 1), seed=0), 1.0, mean=False)
    start = matched_start(architecture, 0.5, by="slice", seed=1)
    run = train(
        GradientDescent(architecture, start, problem, step=step),
        steps=steps,
        record_every=max(1, steps // 60),
        watch=lambda trainer: {"loss": trainer.problem.loss(trainer.W), "G": trainer.parameters["G"].clone()},
    )
    times = step * np.array(run.steps)
    flow = solve_flow(architecture, start, problem.target.numpy(), problem.weights.numpy(), times)
    trained, solved = (np.sqrt((G**2).sum(axis=(2, 3))) for G in (run.series("G"), flow.parameters["G"]))

    figure, axis = pyplot.subplots(layout="constrained")
    axis.plot(times, trained, linewidth=3, alpha=0.4)
    axis.set_prop_cycle(None)
    axis.plot(times, solved, linestyle="dashed")
    axis.set(title=f"$dg/dt = {formula}$", xlabel="flow time (step × number of steps)", ylabel="slice norm g, mode 1")
    figure.savefig(Path(picture))
    pyplot.close(figure)
    print(f"wrote {picture}: gradient descent (wide) and derived flow (dashed)")

    result = check(one_power_too_many, depth=depth, examples=examples)
    found = result.counterexample
    assert found is not None
    print(f"{result.verdict.value}: {result.title}; measured {found['measured']:g}, predicted {found['predicted']:g}")
    apart = float(abs(trained - solved).max())
    return {"measured": found["measured"], "predicted": found["predicted"], "run from flow": apart}


if __name__ == "__main__":
    main()
