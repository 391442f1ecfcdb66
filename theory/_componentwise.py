"""The second route by components: every entry is a polynomial unknown, and the laws are polynomial identities over Z.

The gradient D of L at W is one unknown per entry, so the identities hold for every loss. Source: (5), (6), (7).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sympy import ZZ
from sympy.polys.rings import ring

from ._derivation import Check
from ._exact_evaluation import Array, indices, law_rates, run
from ._gradient import gradient_flow
from ._laws import conservation_laws
from ._parametrisation import Parametrisation


@lru_cache(maxsize=64)
def polynomial_flow(parametrisation: Parametrisation, size: int) -> tuple[dict[str, Array], dict[str, int], Any]:
    """All values of the flow program with one polynomial generator per entry of every block and of D."""
    sizes = dict.fromkeys(parametrisation.labels, size)
    shapes = {block.name: block.labels for block in parametrisation.blocks} | {"D": parametrisation.output}
    entries = [(name, k) for name, row in shapes.items() for k in indices(row, sizes)]
    domain, *generators = ring([f"{name}_{'_'.join(map(str, k))}" for name, k in entries], ZZ)
    arrays: dict[str, Array] = {name: {} for name in shapes}
    for (name, k), generator in zip(entries, generators, strict=True):
        arrays[name][k] = generator
    flow = gradient_flow(parametrisation)
    return run(flow, arrays, sizes), sizes, domain


def gradient_identity(parametrisation: Parametrisation, size: int) -> Check:
    """-dB/dt equals the formal partial derivative of <D, W>, entry by entry, and <D, W_r> = -<dB/dt, B>_r."""
    values, sizes, _ = polynomial_flow(parametrisation, size)
    pairing = sum(values["D"][k] * w for k, w in values["W"].items())
    count = 0
    for block in parametrisation.blocks:
        for k, velocity in values[f"d{block.name}/dt"].items():
            count += 1
            if velocity + pairing.diff(values[block.name][k]) != 0:
                return Check(False, str(velocity)[:60], f"gradient of block {block.name} is wrong at entry {k}")
    for label in parametrisation.groups:
        pulls = [
            _pull(values, block.name, block.labels.index(label), sizes[label]) for block in parametrisation.group(label)
        ]
        count += len(pulls)
        if any(pull != pulls[0] for pull in pulls) or sum(pulls[0]) + pairing != 0:
            return Check(False, str(pulls[0])[:60], f"Euler identity fails in group {label}")
    return Check(True, "0", f"{count} polynomial identities at {_where(parametrisation, size)}")


def _pull(values: dict[str, Array], name: str, axis: int, size: int) -> list[Any]:
    totals: list[Any] = [0] * size
    for k, velocity in values[f"d{name}/dt"].items():
        totals[k[axis]] = totals[k[axis]] + velocity * values[name][k]
    return totals


def law_identities(parametrisation: Parametrisation, size: int) -> Check:
    """d/dt of every entry of every law (6), (7) is the zero polynomial."""
    values, sizes, _ = polynomial_flow(parametrisation, size)
    rates = [rate for law in conservation_laws(parametrisation) for rate in law_rates(law, values, sizes)]
    bad = [rate for rate in rates if rate != 0]
    if bad:
        return Check(False, str(bad[0])[:80], f"{len(bad)} of {len(rates)} polynomials are not zero")
    return Check(True, "0", f"{len(rates)} polynomial identities at {_where(parametrisation, size)}")


def _where(parametrisation: Parametrisation, size: int) -> str:
    return f"{parametrisation.name}, every size {size}"
