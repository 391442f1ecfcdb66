"""True statements about many starts, written from the literature by someone who does not know the engine."""

from verify import Seeds, at_most, conjecture, equal


def has_factors(depth, order, chain):
    return depth >= 1


def bounded_loss(run):
    """The final loss, mapped to [0, 1) without change of order."""
    last = float(run.losses[-1])
    return last / (1 + last)


# Proof: Jensen (the variance of the sample is not negative).
@conjecture(title="Squared mean below mean square", source="Jensen", assumes="small")
def outside_seeds_jensen(seeds: Seeds):
    return at_most(seeds.mean(bounded_loss) ** 2, seeds.mean(lambda run: bounded_loss(run) ** 2))


# Proof: Markov's inequality for a nonnegative statistic; x > 2 mean needs mean > 0.
@conjecture(title="At most half of the runs exceed twice the mean", source="Markov", assumes="small")
def outside_seeds_markov(seeds: Seeds):
    mean = float(seeds.mean(bounded_loss))
    return at_most(seeds.fraction(lambda run: bounded_loss(run) > 2 * mean), 0.5)


# Proof: for x >= 0 the larger half has a mean of at least the (lower) median.
@conjecture(title="The median is at most twice the mean", source="Markov", assumes="small")
def outside_seeds_median(seeds: Seeds):
    values = seeds.values(lambda run: run.losses[0] / (1 + run.losses[0]))
    return at_most(values.median(), 2 * values.mean())


# Proof: Cauchy-Schwarz over the runs.
@conjecture(title="Cauchy-Schwarz over the runs", source="Cauchy-Schwarz", assumes="small")
def outside_seeds_cauchy_schwarz(seeds: Seeds):
    x = seeds.values(lambda run: run.start.slice_norms(0).sum())
    y = seeds.values(bounded_loss)
    return at_most((x * y).mean() ** 2, (x**2).mean() * (y**2).mean())


# Proof: squared singular values add up to the squared norm, run by run.
@conjecture(
    title="Mean squared norm is the mean of summed squared singular values", source="linear algebra", assumes="small"
)
def outside_seeds_singular_values(seeds: Seeds):
    norms = seeds.mean(lambda run: (run.final.tensor**2).sum())
    return equal(norms, seeds.mean(lambda run: (run.final.singular_values(0) ** 2).sum()))


# Proof: a balanced dead group has zero gradients (11), so no run revives a slice.
@conjecture(title="No run revives a dead slice", source="(11)", assumes="balanced", applies=has_factors)
def outside_seeds_no_revival(seeds: Seeds):
    def revived(run):
        return bool(((run.start.slice_norms(0) == 0) & (run.final.slice_norms(0) > 0)).any())

    return at_most(seeds.mean(lambda run: float(revived(run))), 0.0)


# Proof: the same, as a fraction and under Adam.
@conjecture(
    title="No run of Adam revives a dead slice",
    source="(11)",
    assumes="balanced",
    optimizer="adam",
    applies=has_factors,
)
def outside_seeds_no_revival_adam(seeds: Seeds):
    def revived(run):
        return bool(((run.start.slice_norms(0) == 0) & (run.final.slice_norms(0) > 0)).any())

    return at_most(seeds.fraction(revived), 0.0)


# Proof: inclusion of events.
@conjecture(title="Losing nine tenths is rarer than losing half", source="monotone probability", assumes="small")
def outside_seeds_inclusion(seeds: Seeds):
    much = seeds.fraction(lambda run: run.losses[-1] < 0.1 * run.losses[0])
    return at_most(much, seeds.fraction(lambda run: run.losses[-1] < 0.5 * run.losses[0]))


# Proof: union bound.
@conjecture(title="Union bound for two events", source="Boole", assumes="unbalanced")
def outside_seeds_union_bound(seeds: Seeds):
    def falls(run):
        return bool(run.losses[-1] < run.losses[0])

    def large(run):
        return bool(run.start.slice_norms(0).max() > 1)

    both = seeds.fraction(lambda run: falls(run) or large(run))
    return at_most(both, seeds.fraction(falls) + seeds.fraction(large))


# Proof: ||D||^2 <= 2 max(w) L at the end of each run, and means keep the order.
@conjecture(title="Mean squared gradient below mean loss", source="smoothness of the squared loss", assumes="small")
def outside_seeds_gradient_below_loss(seeds: Seeds):
    squares = seeds.mean(lambda run: (run.final.gradient**2).sum())
    return at_most(squares, seeds.mean(lambda run: 2 * run.final.weights.max() * run.losses[-1]))


# Proof: an event and its complement; both fractions count the same runs.
@conjecture(title="Learning and not learning exhaust the runs", source="probability", assumes="balanced")
def outside_seeds_complement(seeds: Seeds):
    learnt = seeds.values(lambda run: float(run.losses[-1] < 0.5 * run.losses[0]))
    return equal(seeds.mean(lambda run: float(not run.losses[-1] < 0.5 * run.losses[0])), 1 - learnt.mean())
