"""What is read off a discrepancy at step, step/2, step/4, ..: the settled, the unsettled and the unresolved cases."""

import numpy as np
import pytest

from verify import at_most, constant, equal
from verify._judge_order import columns_of
from verify._orders import told


def status(*series, claimed: int = 1, bar: float = 1e-12, apart: bool = True, **options) -> str:
    """Of one or several series of discrepancies, each (L,)."""
    signed = np.stack([np.array(one, dtype=float) for one in series], axis=1)
    columns = np.arange(len(series)) if apart else np.zeros(len(series), dtype=int)
    options = {"one_sided": False, **options}
    return told(signed, np.full(len(series), bar), claimed, columns, **options).status


@pytest.mark.parametrize(
    ("sizes", "claimed", "expected"),
    [
        ([2 ** (-1.2 * k) for k in range(6)], 2, "violated"),  # between first and second order: not second
        ([6.0, 5.4, 5.1, 5.0], 1, "halve"),  # falls by 2, then by 3: neither has settled
        ([1.15, 0.65, 0.4, 0.3], 1, "halve"),  # two limits, 0.15 and 0.23: neither has settled
        ([2.0**-k + 1e-3 for k in range(5)], 1, "halve"),  # a limit that may still be the next term
        ([2.0**-k - 0.05 for k in range(4)], 1, "halve"),  # a limit beyond zero, before it is crossed
        ([2 ** (-0.6 * k) - 0.03 for k in range(4)], 1, "halve"),  # and one that powers of the step leave on this side
        ([1e-6] * 4, 1, "violated"),  # far above resolution, however small
        ([3e-12, 4e-12, 3e-12, 4e-12], 1, "hidden"),  # below resolution nothing is told
        ([1.0, 0.5, 0.25, 0.125], 1, "holds"),
        ([1.0, 0.9, 0.81, 0.73], 1, "halve"),  # has hardly begun to fall
    ],
)
def test_only_what_has_settled_above_its_resolution_is_told(sizes, claimed: int, expected: str) -> None:
    assert status(sizes, claimed=claimed) == expected


def test_below_resolution_only_a_large_common_term_hides_something() -> None:
    noise = [3e-12, 4e-12, 3e-12, 4e-12]
    assert status(noise, common=np.array([False])) == "holds"
    assert status(noise, [1.0, 0.5, 0.25, 0.125], common=np.array([True, True])) == "holds", "resolved well enough"


def test_a_series_that_stays_is_seen_beside_one_that_vanishes() -> None:
    falling = [2.0**-k for k in range(4)]
    staying = [0.01 + 0.001 * 0.9**k for k in range(4)]
    assert status(falling, staying) == "halve"
    assert status(falling, falling) == "holds"


def test_every_entry_is_a_series_unless_the_first_axis_is_time() -> None:
    table = np.zeros((3, 2))
    assert columns_of(constant(table), (3, 2), 5).tolist() == [0, 1, 0, 1, 0, 1]
    assert columns_of(equal(table, table), (3, 2), 2).tolist() == [0, 1, 0, 1, 0, 1]
    assert columns_of(at_most(table, table), (3, 2), 5).tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_bound_is_violated_on_its_wrong_side_alone_and_an_equality_on_both(side: float) -> None:
    staying = [side * 0.01] * 4
    assert status(staying, one_sided=True) == ("violated" if side > 0 else "holds")
    assert status(staying) == "violated"


@pytest.mark.parametrize(
    "discrepancy",
    [
        # Seen at the first records of true claims: entries that grow from nothing, in 1, 2, 4 and 8 steps.
        [-1.46937149e-30, -6.22423240e-31, -2.69570800e-31, -1.22286726e-31],
        [1.22086537e-35, 3.67839506e-36, 1.13920463e-36, 3.82663919e-37],
        [h + 8 * h**2 + 24 * h**3 for h in (1, 1 / 2, 1 / 4, 1 / 8)],
    ],
)
def test_what_powers_of_the_step_explain_is_no_limit(discrepancy: list[float]) -> None:
    """Falling by more than twofold, and by less each time, Aitken's limit overshoots zero."""
    assert status(discrepancy, bar=1e-45) != "violated"


def test_a_limit_below_the_error_of_what_a_claim_solves_is_no_violation() -> None:
    stands = [3e-11, 3e-11, 3e-11, 3e-11, 3e-11]
    assert status(stands, bar=1e-13) == "violated"
    assert status(stands, bar=1e-13, floor=1e-10) == "halve"
    assert status([8e-10] * 5, bar=1e-13, floor=1e-10) == "violated"
