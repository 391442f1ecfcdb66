"""Wall time of whole runs of `python -m verify`, as ratios of runs that take turns; all cores, as a user starts them.

    python benchmarks/verify_runs.py [rounds]

Beside the main job stands the import of its dependencies in a process of its own.
"""

import os
import subprocess
import sys
import tempfile
import time

import numpy as np
from _measure import report, spread

from verify.claims import BUILT_IN

IMPORTS = "import torch, sympy, scipy.integrate, scipy.optimize, hypothesis, matplotlib.pyplot, pydantic, rich"
POINTWISE = "claims=" + ",".join(
    claim.id for claim in BUILT_IN if claim.subject == "State" and claim.applies(4, 3, "column")
)
RUNS = {
    "imports": ["-c", IMPORTS],
    "depth 4": ["-m", "verify", "depth=4"],
    "depth 2": ["-m", "verify", "depth=2"],
    "depth 8": ["-m", "verify", "depth=8"],
    "100": ["-m", "verify", "depth=4", POINTWISE, "examples=100"],
    "1000": ["-m", "verify", "depth=4", POINTWISE, "examples=1000"],
    "100, one process": ["-m", "verify", "depth=4", POINTWISE, "examples=100", "jobs=1"],
    "1000, one process": ["-m", "verify", "depth=4", POINTWISE, "examples=1000", "jobs=1"],
}
RATIOS = (
    ("main job, depth 4, over the import of its dependencies", "depth 4", "imports", 4.0),
    ("main job, depth 8 over depth 2", "depth 8", "depth 2", 1.5),
    (f"1,000 tensors over 100, all {POINTWISE.count(',') + 1} pointwise claims", "1000", "100", 3.0),
    ("the same in one process", "1000, one process", "100, one process", None),
)


def seconds(words: list[str], folder: str) -> float:
    """Wall time of one process.

    Raises:
        subprocess.CalledProcessError: the run was not green.
    """
    began = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, *words], check=True, capture_output=True, cwd=folder, env=environment)
    return time.perf_counter() - began


def main(rounds: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in RUNS}
    with tempfile.TemporaryDirectory() as folder:
        for words in RUNS.values():  # once for the disk's cache
            seconds(words, folder)
        for _ in range(rounds):
            for name, words in RUNS.items():
                times[name].append(seconds(words, folder))
    for what, above, below, target in RATIOS:
        report(what, spread(np.divide(times[above], times[below])), target, at_most=True)
        print(f"    {np.median(times[above]):.1f} s of {np.median(times[below]):.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 7)
