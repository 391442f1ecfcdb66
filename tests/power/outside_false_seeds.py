"""False conjectures about many random starts, written by an outsider against the literature.

VIOLATIONS at the end gives the usual relative size by which each of them fails at depth=2 order=3 chain=column.
The comment before each says why it is false.
"""

import torch

from verify import Seeds, at_most, conjecture, equal


def final_part(run):
    """Part of the loss that is left."""
    return run.losses[-1] / run.losses[0] if run.losses[0] > 0 else torch.ones((), dtype=torch.float64)


def core_square(state):
    return (state.core**2).sum()


# False: small steps lower the loss of almost every start.
@conjecture(title="At most half the starts learn", source="a pessimist", assumes="balanced")
def at_most_half_the_starts_learn(seeds: Seeds):
    return at_most(seeds.fraction(lambda run: run.losses[-1] < run.losses[0]), 0.5)


# False: what is left of the loss differs from start to start, so its variance is positive.
@conjecture(title="The mean square of what is left is the square of its mean", source="mean-field limit")
def what_is_left_does_not_vary(seeds: Seeds):
    return equal(seeds.mean(lambda run: final_part(run) ** 2), seeds.mean(final_part) ** 2)


# False: a finite run of gradient descent leaves more than 1e-12 of the loss, if only by unreachable entries or slow
# starts.
@conjecture(title="Almost every start reaches zero loss", source="Arora et al. 2019, global convergence")
def almost_every_start_reaches_zero_loss(seeds: Seeds):
    return at_most(0.99, seeds.fraction(lambda run: run.losses[-1] <= 1e-12 * run.losses[0]))


# False: small starts must grow to lower the loss.
@conjecture(title="Cores of small starts shrink on average", source="implicit weight decay", assumes="small")
def cores_of_small_starts_shrink_on_average(seeds: Seeds):
    return at_most(seeds.mean(lambda run: core_square(run.final)), seeds.mean(lambda run: core_square(run.start)))


# False: the kernel is positive semidefinite, so W moves downhill on average (and in every run, to first order).
@conjecture(title="On average W does not move against its gradient", source="random directions", assumes="balanced")
def tensors_do_not_move_downhill_on_average(seeds: Seeds):
    def way(run):
        step = run.states[1].tensor - run.start.tensor
        return -(run.start.gradient * step).sum() / run.start.loss.clamp(min=1e-300)

    return at_most(seeds.mean(way), 0.0)


# False: a moment generating function is 1 + s m only to first order; s^2/2 times a second moment is left out.
@conjecture(title="E exp(x/1000) is 1 + E x/1000 for what is left of the loss", source="cumulants, first order")
def moment_generating_function_is_linear_to_a_thousandth(seeds: Seeds):
    left = seeds.mean(lambda run: torch.exp(1e-3 * final_part(run)))
    return equal(left, 1 + 1e-3 * seeds.mean(final_part))


# False: the same with s = 1/30.
@conjecture(title="E exp(x/30) is 1 + E x/30 for what is left of the loss", source="cumulants, first order")
def moment_generating_function_is_linear_to_a_thirtieth(seeds: Seeds):
    left = seeds.mean(lambda run: torch.exp(final_part(run) / 30))
    return equal(left, 1 + seeds.mean(final_part) / 30)


# False: the same with s = 1/10000.
@conjecture(title="E exp(x/10000) is 1 + E x/10000 for what is left of the loss", source="cumulants, first order")
def moment_generating_function_is_linear_to_a_ten_thousandth(seeds: Seeds):
    left = seeds.mean(lambda run: torch.exp(float(final_part(run)) * torch.ones((), dtype=torch.float64) / 10000))
    return equal(left, 1 + seeds.mean(final_part) / 10000)


# False: smoothing raises every norm by a millionth or so.
@conjecture(
    title="Smoothed norms have the mean of the norms", source="iteratively reweighted least squares", assumes="balanced"
)
def smoothed_norms_have_the_mean_of_the_norms(seeds: Seeds):
    def smooth(run):
        square = (run.final.core**2).sum()
        return (square + 3e-6 * square).sqrt()

    return equal(seeds.mean(smooth), seeds.mean(lambda run: run.final.core.norm()))


# False: gradient descent conserves the difference of squared norms only up to terms of its step.
@conjecture(
    title="Unbalancedness at the end is that at the start, on average", source="(6) for descent", assumes="balanced"
)
def balanced_runs_end_balanced_on_average(seeds: Seeds):
    def part(run):
        return run.final.unbalancedness() / core_square(run.final).clamp(min=1e-300)

    return at_most(seeds.mean(part), 1e-11)


# False: descent and flow differ at first order in the step, in every run, by an error of either sign; its size is
# not zero.
@conjecture(
    title="Runs end within 1e-10 of their first-order forecast", source="descent lemma, equality", assumes="balanced"
)
def first_records_follow_the_linear_forecast(seeds: Seeds):
    def miss(run):
        rate = run.start.rate(lambda s: s.loss)
        forecast = run.losses[0] + run.step * float(run.steps[1]) * rate
        return (run.losses[1] - forecast).abs() / run.losses[0].clamp(min=1e-300)

    return at_most(seeds.mean(miss), 1e-10)


# False: slices of balanced groups follow (11) only while the alignment stands still, and it falls with the residual.
@conjecture(title="The mean of log g grows as if the loss were fixed", source="(11)", assumes="small")
def mean_log_growth_is_that_of_a_fixed_gradient(seeds: Seeds):
    def grown(run):
        return core_square(run.final) - core_square(run.start)

    def forecast(run):
        inner = -(run.start.gradient * run.start.tensor).sum()
        return 2 * run.step * float(run.steps[-1]) * inner

    return equal(seeds.mean(grown), seeds.mean(forecast))


# False: the geometric mean is below the arithmetic one by half the relative variance.
@conjecture(title="Geometric and arithmetic mean of the norms agree", source="concentration", assumes="unbalanced")
def geometric_mean_is_the_arithmetic_mean(seeds: Seeds):
    norms = seeds.mean(lambda run: run.final.core.norm())
    return equal(seeds.mean(lambda run: run.final.core.norm().clamp(min=1e-300).log()).exp(), norms)


VIOLATIONS = {
    "at-most-half-the-starts-learn": 1.0,
    "what-is-left-does-not-vary": 1.0,
    "almost-every-start-reaches-zero-loss": 1.0,
    "cores-of-small-starts-shrink-on-average": 1.0,
    "tensors-do-not-move-downhill-on-average": 1.0,
    "moment-generating-function-is-linear-to-a-thousandth": 1e-08,
    "moment-generating-function-is-linear-to-a-thirtieth": 1e-05,
    "moment-generating-function-is-linear-to-a-ten-thousandth": 1e-10,
    "smoothed-norms-have-the-mean-of-the-norms": 1e-06,
    "balanced-runs-end-balanced-on-average": 1.0,
    "first-records-follow-the-linear-forecast": 1.0,
    "mean-log-growth-is-that-of-a-fixed-gradient": 1.0,
    "geometric-mean-is-the-arithmetic-mean": 1.0,
}
