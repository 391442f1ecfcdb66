"""Directives that write pages from the objects themselves: derivations and claims."""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sympy import Symbol
from verdicts import command, recorded

from theory import Derivation, derivations


class Derivations(Directive):
    """Every derivation for a chain at symbolic depth, order 3 and what order 2 adds: statement, steps, check."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        from latex2mathml.converter import convert

        found = []
        for derivation in shown(self.arguments[0]):
            check = derivation.check()
            if not check.holds:
                raise self.error(f"derivation {derivation.id} fails: {check.detail}")
            section = nodes.section(ids=[f"{self.arguments[0]}-{derivation.id}"])
            section += nodes.title(text=f"{derivation.equation} {derivation.title}")
            section += nodes.literal_block(text=derivation.statement, classes=["statement"], language="text")
            section += nodes.paragraph(text=f"Assumes: {derivation.hypotheses}. Holds for {derivation.range}.")
            steps = nodes.enumerated_list()
            for step in derivation.steps:
                item = nodes.list_item()
                formula = convert(step._latex(), display="block")
                item += nodes.raw("", f'<div class="formula">{formula}</div>', format="html")
                item += nodes.raw("", f'<p class="because">{html.escape(step.because)}</p>', format="html")
                steps += item
            section += steps
            section += nodes.paragraph(text=derivation.justification)
            section += nodes.paragraph("", "", nodes.strong(text="PROVED. "), nodes.Text(check.detail + "."))
            found.append(section)
        return found


def shown(chain: str) -> list[Derivation]:
    """The derivations of a chain's page: symbolic depth, order 3, then those that order 2 has besides."""
    depth = Symbol("K", integer=True, positive=True)
    general = derivations(depth, 3, chain)
    ids = {derivation.id for derivation in general}
    return [*general, *(d for d in derivations(depth, 2, chain) if d.id not in ids)]


class Claims(Directive):
    """The built-in claims: one section a topic, with the verdicts and ranges of the recorded run."""

    def run(self) -> list[nodes.Node]:
        from verify.claims import BUILT_IN

        cells: dict[str, list[dict[str, Any]]] = {}
        for entry in recorded():
            cells.setdefault(entry["id"], []).append(entry)
        if set(cells) != {claim.id for claim in BUILT_IN}:
            raise self.error("docs/verdicts.json and the built-in claims differ: run python docs/_ext/verdicts.py")
        found = [nodes.paragraph("", "Verdicts of ", nodes.literal(text=command()), nodes.Text(":"))]
        for topic in dict.fromkeys(claim.topic for claim in BUILT_IN):
            section = nodes.section(ids=[f"claims-{topic.replace(' ', '-')}"])
            section += nodes.title(text=topic.capitalize())
            for claim in (c for c in BUILT_IN if c.topic == topic):
                name = nodes.paragraph("", "", nodes.literal(text=claim.id), ids=[claim.id])
                section += name
                facts = {
                    "verdict": verdict_text(cells[claim.id]),
                    "range": range_text(cells[claim.id]),
                    "says": claim.headline,
                    "source": claim.source,
                    "about": f"{claim.subject}, start {claim.assumes}",
                    "proof": f"derivation {claim.derivation}" if claim.derivation else "none here",
                    "mutants": ", ".join(claim.mutants) or "none (negative statement)",
                }
                section += _facts(facts)
            found.append(section)
        return found


def verdict_text(cells: list[dict[str, Any]]) -> str:
    """ "PROVED (order 2: column, gate; order 3: column)", one clause a verdict."""
    clauses = []
    for verdict in dict.fromkeys(cell["verdict"] for cell in cells):
        orders: dict[int, list[str]] = {}
        for cell in (c for c in cells if c["verdict"] == verdict):
            orders.setdefault(cell["order"], []).append(cell["chain"])
        where = "; ".join(f"order {order}: {', '.join(chains)}" for order, chains in orders.items())
        clauses.append(f"{verdict} ({where})")
    return "; ".join(clauses)


def range_text(cells: list[dict[str, Any]]) -> str:
    """For what the proof holds; without a proof, how many generated inputs a cell tried."""
    ranges = list(dict.fromkeys(cell["range"] for cell in cells if cell["verdict"] == "PROVED" and cell["range"]))
    if ranges:
        return "; ".join(ranges)
    tried = sorted({cell["examples"] for cell in cells})
    return f"the generated tensors alone ({' to '.join(map(str, dict.fromkeys((tried[0], tried[-1]))))} a cell)"


def _facts(facts: dict[str, str]) -> nodes.field_list:
    rows = nodes.field_list()
    for name, text in facts.items():
        rows += nodes.field("", nodes.field_name(text=name), nodes.field_body("", nodes.paragraph(text=text)))
    return rows


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("derivations", Derivations)
    app.add_directive("built-in-claims", Claims)
    return {"version": "1", "parallel_read_safe": True}
