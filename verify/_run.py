"""One run: cells, listeners, interruption and the exit code."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from numerics import UsageError, closest

from ._claim import Claim
from ._config import Config
from ._counterexample import save
from ._elsewhere import read_conjectures
from ._events import Audience, Cell, ClaimJudged, Listener, Note, RunFinished, RunStarted
from ._inputs import Settings
from ._models import TUCKER, cell_of_loss, cell_of_model
from ._processes import judge_parts, parts_of
from ._verdict import Exit, Result, exit_code


def select(config: Config) -> list[Claim]:
    """The claims a configuration asks for: own conjectures, all or those that a pattern names, and built-in claims.

    Raises:
        UsageError: a pattern that matches nothing, or a conjecture file that cannot be used.
    """
    from .claims import ANY_MODEL, BUILT_IN

    cells = tuple(cells_of(config))
    built_in = BUILT_IN if config.model == TUCKER else ANY_MODEL
    own = [claim for path in config.conjectures or () for claim in read_conjectures(Path(path), cells)]
    if config.claims is None:
        return own if config.conjectures else list(built_in)
    chosen: list[Claim] = []
    for pattern in config.claims:
        found = [claim for claim in (*own, *built_in) if matches(claim, pattern)]
        if not found:
            claims = (*own, *built_in)
            names = {claim.id for claim in claims} | {claim.topic.replace(" ", "-") for claim in claims}
            raise UsageError(
                f"claims={pattern}: no {'conjecture, ' if own else ''}built-in claim or topic "
                f"matches{closest(pattern.strip('*'), names)} (python -m verify list shows them)"
            )
        chosen += [claim for claim in found if claim not in chosen]
    return chosen if any(claim in own for claim in chosen) else [*own, *chosen]


def matches(claim: Claim, pattern: str) -> bool:
    """Whether a wildcard pattern names a claim by its id or topic."""
    from fnmatch import fnmatchcase

    return any(fnmatchcase(name, pattern.lower()) for name in (claim.id, claim.topic, claim.topic.replace(" ", "-")))


def cells_of(config: Config) -> list[Cell]:
    """The grid."""
    plain = [Cell(d, n, c) for c, n, d in itertools.product(config.chain, config.order, config.depth)]
    cells = [cell_of_model(config.model, cell) for cell in plain]
    if config.loss is not None:
        cells = [cell_of_loss(config.loss, cell) for cell in cells]
    return list(dict.fromkeys(cells))


def _not_judged(claims: Sequence[Claim], cells: Sequence[Cell]) -> list[str]:
    """One line for every conjecture that is meant in none of the cells, and one for built-in claims if all are."""
    from .claims import EVERY

    left = [c for c in claims if not any(isinstance(c.cell_in(cell), Cell) for cell in cells)]
    own = [claim for claim in left if not any(claim is other for other in EVERY)]
    shown = ", ".join(map(str, cells[:3])) + (f" and {len(cells) - 3} more" if len(cells) > 3 else "")
    lines = [f"{claim.id}: not judged, {_why(claim, cells)} ({shown})" for claim in own]
    if not own and len(left) == len(claims):
        lines.append(f"nothing to judge: of {len(left)} claims none is meant in {shown}")
    elif len(left) > len(own):
        reasons = Counter(_why(claim, cells) for claim in left if claim not in own)
        for reason, count in reasons.most_common() if cells[0].description or cells[0].asked else ():
            lines.append(f"{count} built-in claim{'s' * (count > 1)} not judged: {reason}")
    return lines


def _why(claim: Claim, cells: Sequence[Cell]) -> str:
    reasons = {str(claim.cell_in(cell)) for cell in cells}
    if len(reasons) == 1 and "applies=" not in (only := reasons.pop()):
        return only
    return "its applies= is False in every cell asked for"


def run(config: Config, listeners: Sequence[Listener], claims: Sequence[Claim] | None = None) -> int:
    """Judge the claims of a configuration in all its cells; returns the exit code.

    Raises:
        UsageError: see `select`.
    """
    started = time.perf_counter()
    claims = select(config) if claims is None else claims
    cells = cells_of(config)
    settings = Settings(config.examples, config.paths, config.seed, config.budget, config.sizes)
    parts = parts_of(claims, cells)
    results: list[Result] = []

    audience = Audience(listeners)
    tell = audience.tell
    tell(RunStarted(config.as_json(), tuple(cells), sum(len(part.claims) for part in parts)))
    for line in _not_judged(claims, cells):
        tell(Note(line))
    interrupted = False
    try:
        for place, result in judge_parts(parts, settings, config.jobs):
            if result.counterexample is not None:
                try:
                    result.counterexample["path"] = str(save(result.counterexample, config.out))
                except OSError as error:
                    audience.lose(error)
            results.append(result)
            tell(ClaimJudged(result, place))
    except KeyboardInterrupt:
        interrupted = True
    code = Exit.INTERRUPTED if interrupted else exit_code([r.verdict for r in results])
    return audience.finish(RunFinished(code, time.perf_counter() - started, interrupted))
