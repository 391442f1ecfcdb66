"""The paper's experiments and the questions it leaves open, each with expectations written down before the run."""

from numerics.experiments._expectation import FAILS, HOLDS, UNDECIDED, Expectation, Interval, interval
from numerics.experiments._run import STUDIES, Request, load_study, main
from numerics.experiments._study import Outcome, Study, Verdict, run_study

__all__ = [
    "FAILS",
    "HOLDS",
    "STUDIES",
    "UNDECIDED",
    "Expectation",
    "Interval",
    "Outcome",
    "Request",
    "Study",
    "Verdict",
    "interval",
    "load_study",
    "main",
    "run_study",
]
