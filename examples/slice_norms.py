"""Complete a tensor by plain gradient descent at three depths: test error, effective rank, slices that carry energy."""

from numerics import Architecture, Trainer, matched_start, observe, train, tucker_target


def main(steps: int = 3000, side: int = 8) -> dict[int, float]:
    """Test error for each depth."""
    problem = observe(tucker_target((side,) * 3, (2,) * 3, seed=0), 0.5, seed=1, mean=False)
    errors = {}
    for depth, step in ((1, 0.4), (2, 0.25), (3, 0.15)):
        architecture = Architecture(depth, (side,) * 3)
        start = matched_start(architecture, 1e-3, by="end-to-end", seed=2)
        trainer = Trainer(architecture, start, problem, step=step)
        history = train(trainer, steps=steps)
        seen = trainer.watch()
        errors[depth] = float(seen["test error"])
        print(
            f"depth {depth}: {history.steps[-1]} steps, test error {errors[depth]:.3f}, effective rank "
            f"{float(seen['effective rank 1']):.2f}, slices with energy {float(seen['participation 1']):.2f}"
        )
    return errors


if __name__ == "__main__":
    main()
