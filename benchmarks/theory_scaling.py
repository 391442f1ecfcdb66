"""Time of deriving and checking everything after import, and how it grows with depth and order.

    python benchmarks/theory_scaling.py

Each case runs in a fresh process; the best of three CPU times is kept. Targets: depth 4, order 3 at most 2 s; depth 64
at most twice depth 2; order 8 at most three times order 3; memory below 500 MB; the laws of 2x2x2, K = 2,
chain column counted in at most 10 s.
"""

from __future__ import annotations

import subprocess
import sys

CASE = """
import resource, sys, time
from theory import count_laws, deep_tucker, derivations
from theory._exact_evaluation import sizes_of
start = time.process_time()
depth, order, chain, what = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
if what == "laws":
    model = deep_tucker(depth, order, chain)
    good = count_laws(model, sizes_of(model)).complete
else:
    good = all(d.check().holds for d in derivations(depth, order, chain))
assert good
print(time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def measure(depth: int, order: int, chain: str = "column", what: str = "derivations") -> tuple[float, float]:
    """Best CPU seconds of three fresh runs, and the memory in MB."""
    results = []
    for _ in range(3):
        command = [sys.executable, "-c", CASE, str(depth), str(order), chain, what]
        seconds, memory = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        results.append((float(seconds), float(memory)))
    return min(results)


def main() -> int:
    """Print the figures; 1 when a target is missed."""
    figures = {(depth, order): measure(depth, order) for depth, order in ((4, 3), (2, 3), (64, 3), (4, 8))}
    laws = measure(2, 3, what="laws")
    rows = [
        ("depth 4, order 3 [s]", figures[4, 3][0], 2.0),
        ("depth 64 / depth 2", figures[64, 3][0] / figures[2, 3][0], 2.0),
        ("order 8 / order 3", figures[4, 8][0] / figures[4, 3][0], 3.0),
        ("memory at depth 64 [MB]", figures[64, 3][1], 500.0),
        ("laws of 2x2x2, K = 2, column [s]", laws[0], 10.0),
    ]
    for name, measured, target in rows:
        print(f"{name:36s} {measured:8.2f}   target <= {target:g}   {'met' if measured <= target else 'MISSED'}")
    return int(any(measured > target for _, measured, target in rows))


if __name__ == "__main__":
    sys.exit(main())
