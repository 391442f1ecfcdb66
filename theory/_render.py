"""Derivations as text, LaTeX or JSON."""

from __future__ import annotations

import json
from typing import Any

from ._derivation import Check, Derivation, text_latex

_PLAIN = str.maketrans({"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$", "^": r"\textasciicircum{}"})


def as_text(heading: str, checked: list[tuple[Derivation, Check]]) -> str:
    """Readable lines: statement, hypotheses, range, steps, second routes, verdict."""
    lines = [heading, "=" * len(heading)]
    for derivation, check in checked:
        lines += [
            "",
            f"{derivation.equation} {derivation.title}  [{derivation.id}]",
            f"    {derivation.statement}",
            f"    assumes: {derivation.hypotheses};  holds for {derivation.range}",
        ]
        for number, step in enumerate(derivation.steps, start=1):
            lines += [f"    {number:2d}. {step}", f"        {step.because}"]
        lines += [f"    {derivation.justification}", f"    {verdict(check)}: {check.detail}"]
    proved = sum(check.holds for _, check in checked)
    lines += ["", f"{proved} of {len(checked)} derivations proved"]
    return "\n".join(lines)


def as_latex(heading: str, checked: list[tuple[Derivation, Check]]) -> str:
    """A complete document for any TeX."""
    lines = [
        r"\documentclass{article}",
        r"\usepackage{amsmath,amssymb}",
        r"\begin{document}",
        rf"\section*{{{plain(heading)}}}",
    ]
    for derivation, check in checked:
        lines += [
            rf"\subsection*{{{plain(derivation.equation)} {plain(derivation.title)}}}",
            rf"{plain(derivation.statement)}\par",
            rf"Assumes: {plain(derivation.hypotheses)}. Holds for {plain(derivation.range)}.",
            r"\begin{enumerate}",
        ]
        lines += [rf"\item \( {step._latex()} \) \\ {plain(step.because)}" for step in derivation.steps]
        lines += [r"\end{enumerate}", rf"{plain(derivation.justification)} {plain(verdict(check))}."]
    return "\n".join([*lines, r"\end{document}"])


def as_json(settings: dict[str, Any], checked: list[tuple[Derivation, Check]]) -> str:
    """The same with LaTeX of every step."""
    rows = [
        {
            "id": d.id,
            "equation": d.equation,
            "title": d.title,
            "topic": d.topic,
            "statement": d.statement,
            "statement_latex": text_latex(d.statement),
            "hypotheses": d.hypotheses,
            "range": d.range,
            "verdict": verdict(check),
            "detail": check.detail,
            "residual": check.residual,
            "steps": [{"text": str(x), "latex": x._latex(), "because": x.because} for x in d.steps],
        }
        for d, check in checked
    ]
    return json.dumps({"config": settings, "derivations": rows}, indent=2)


def verdict(check: Check) -> str:
    """PROVED or FAILED with what remains."""
    return "PROVED" if check.holds else f"FAILED (left over: {check.residual})"


def plain(text: str) -> str:
    """Words in LaTeX, with its special characters escaped."""
    escaped = text.replace("\\", r"\textbackslash{}").translate(_PLAIN)
    return escaped.replace("<", r"\(<\)").replace(">", r"\(>\)").replace("|", r"\(|\)")
