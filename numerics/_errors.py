"""Errors that carry one clear line for the person who typed the request."""


class UsageError(ValueError):
    """A request that cannot be carried out as written; the message says in one line what to change."""


class NotConverged(ArithmeticError):
    """An iteration that ended before it could show that it had arrived; its last value is not a result.

    Arguments:
        what: what was sought, in words.
        steps: how many steps were made.
        left: what should be zero and is not.
    """

    def __init__(self, what: str, steps: int, left: float) -> None:
        self.what, self.steps, self.left = what, steps, left
        super().__init__(f"{what}: not converged after {steps} steps, {left:.1e} left where 0 is the proof")

    def __reduce__(self) -> tuple[type, tuple[str, int, float]]:
        return type(self), (self.what, self.steps, self.left)


class DivergenceError(ArithmeticError):
    """A descent that blew up, with the figures that say why.

    Attributes:
        step_index: first step whose loss was not finite or beyond the limit.
        loss: the loss there (summed over the batch).
        stable_step: estimate of 2 / sharpness at the last good parameters, or None if it could not be had.
        problem: flat index of the worst problem of the batch.
    """

    def __init__(
        self, step_index: int, loss: float, step: float, stable_step: float | None = None, problem: int = 0
    ) -> None:
        self.step_index, self.loss, self.step, self.stable_step, self.problem = (
            step_index,
            loss,
            step,
            stable_step,
            problem,
        )
        hint = "" if stable_step is None else f"; 2/sharpness is about {stable_step:.3g}, choose a step below it"
        super().__init__(f"gradient descent with step {step:g} diverged at step {step_index}: loss {loss:.3g}{hint}")

    def __reduce__(self) -> tuple[type, tuple[int, float, float, float | None, int]]:
        return type(self), (self.step_index, self.loss, self.step, self.stable_step, self.problem)
