"""Fill in missing pixels of an image that ships with scikit-image; no download."""

import numpy as np

from numerics import Architecture, Trainer, load_data, matched_start, observe
from numerics.experiments import interval


def main(side: int = 24, steps: int = 1500, seeds: int = 3) -> dict[int, str]:
    """Test error over masks and starts, with its interval, at depths 1 and 2."""
    import torch

    image = load_data("astronaut")
    stride = -(-image.sizes[0] // side)
    image = image.at(np.s_[::stride, ::stride])
    T = torch.from_numpy(image.tensor.copy())
    T = T / torch.linalg.matrix_norm(T.flatten(1), 2)
    errors = {}
    for depth, step in ((1, 0.3), (2, 0.2)):
        architecture = Architecture(depth, tuple(T.shape))
        found = []
        for seed in range(seeds):
            problem = observe(T, 0.5, known=image.known, seed=seed, mean=False)
            start = matched_start(architecture, 1e-3, by="end-to-end", seed=seed)
            trainer = Trainer(architecture, start, problem, step=step)
            trainer.advance(steps)
            found.append(float(problem.errors(trainer.W, held_out=True)))
        errors[depth] = str(interval(found))
        print(f"depth {depth}: relative error on missing pixels {errors[depth]}")
    return errors


if __name__ == "__main__":
    main()
