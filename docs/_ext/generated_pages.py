"""Directives that write pages from the objects themselves: derivations, claims, public names of a package."""

from __future__ import annotations

import html
import inspect
import re
from importlib import import_module
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

Row = list[str]


class Derivations(Directive):
    """Every derivation for a chain at symbolic depth, order 3: statement, steps as MathML, verdict of its check."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        from latex2mathml.converter import convert
        from sympy import Symbol

        from theory import derivations

        depth = Symbol("K", integer=True, positive=True)
        found = []
        for derivation in derivations(depth, 3, self.arguments[0]):
            check = derivation.check()
            if not check.holds:
                raise self.error(f"derivation {derivation.id} fails: {check.detail}")
            section = nodes.section(ids=[f"{self.arguments[0]}-{derivation.id}"])
            section += nodes.title(text=f"{derivation.equation} {derivation.title}")
            section += nodes.paragraph(text=derivation.statement)
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


class Claims(Directive):
    """The built-in claims: one table a topic."""

    def run(self) -> list[nodes.Node]:
        from verify.claims import BUILT_IN

        found = []
        for topic in dict.fromkeys(claim.topic for claim in BUILT_IN):
            section = nodes.section(ids=[f"claims-{topic.replace(' ', '-')}"])
            section += nodes.title(text=topic.capitalize())
            for claim in (c for c in BUILT_IN if c.topic == topic):
                section += nodes.paragraph("", "", nodes.literal(text=claim.id))
                facts = {
                    "says": claim.title + (" (negative: must be refuted)" if claim.negative else ""),
                    "source": claim.source,
                    "about": f"{claim.subject}, start {claim.assumes}",
                    "proof": f"derivation {claim.derivation}" if claim.derivation else "none here",
                    "mutants": ", ".join(claim.mutants) or "none (negative statement)",
                }
                section += _facts(facts)
            found.append(section)
        return found


class PublicNames(Directive):
    """The public functions and classes of a package with signature and docstring, in the order of __all__."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        package = import_module(self.arguments[0])
        found = []
        for name in package.__all__:
            section = nodes.section(ids=[f"{package.__name__}-{name}".lower()])
            section += nodes.title(text=name)
            thing = getattr(package, name)
            if inspect.isclass(thing) or callable(thing):
                section += nodes.literal_block(
                    text=_signature(name, thing), classes=["signature-text"], language="text"
                )
                section += nodes.literal_block(text=_own_doc(thing), classes=["signature-text"], language="text")
            else:
                text = re.sub(r" at 0x[0-9a-f]+", "", repr(thing))
                section += nodes.literal_block(text=f"{name} = {text}", classes=["signature-text"], language="text")
            found.append(section)
        return found


def _facts(facts: dict[str, str]) -> nodes.field_list:
    rows = nodes.field_list()
    for name, text in facts.items():
        rows += nodes.field("", nodes.field_name(text=name), nodes.field_body("", nodes.paragraph(text=text)))
    return rows


def _signature(name: str, thing: Any) -> str:
    try:
        return re.sub(r" at 0x[0-9a-f]+", "", f"{name}{inspect.signature(thing)}")
    except (TypeError, ValueError):
        return name


def _own_doc(thing: Any) -> str:
    return inspect.getdoc(thing) or "(no description)"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("derivations", Derivations)
    app.add_directive("built-in-claims", Claims)
    app.add_directive("public-names", PublicNames)
    return {"version": "1", "parallel_read_safe": True}
