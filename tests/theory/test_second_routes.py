"""A derivation holds only where its second routes hold too, and says which one does not."""

from sympy import Integer

from theory._derivation import Check, Derivation, Equality, Route


def _derivation(*routes: Route) -> Derivation:
    step = Equality(Integer(2), Integer(2), "nothing to prove")
    return Derivation("id", "(0)", "title", "statement", (step,), "", "everywhere", routes=routes)


def test_a_second_route_that_fails_fails_the_derivation_wherever_it_stands():
    good = Route("good", lambda: Check(True, "0", "fine"))
    bad = Route("bad", lambda: Check(False, "17", "does not agree"))
    for routes in ((bad,), (good, bad), (bad, good)):
        check = _derivation(*routes).check()
        assert not check.holds
        assert check.residual == "17"
        assert check.detail == "bad: does not agree"


def test_routes_that_hold_are_told():
    check = _derivation(Route("good", lambda: Check(True, "0", "fine"))).check()
    assert check.holds
    assert check.detail == "1 steps reduce to zero; good: fine"
