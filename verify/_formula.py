"""Plain-text mathematics as presentation MathML, which browsers render without a script."""

from __future__ import annotations

import re
from html import escape

SYMBOLS = {
    "sigma": "σ", "eta": "η", "eps": "ε", "lambda": "λ", "Lambda": "Λ", "theta": "θ", "grad": "∇",
    "sum": "∑", "prod": "∏",
    "<=": "≤", ">=": "≥", "!=": "≠", "->": "→", "||": "‖", "*": "·", "-": "−", "'": "′",
}  # fmt: skip
TOKEN = re.compile(r"\s+|\|\||<=|>=|!=|->|d[A-Za-z]+/d[A-Za-z]|[A-Za-z]+|\d+(?:\.\d+)?|.")
ANGLE = re.compile(r"<(?=[^\s=])([^<>]*)>")


def formula(text: str) -> str:
    """A line of words and formulas, e.g. "dg/dt = g^K <-grad L, W_{n,r}>", as one <math> element."""
    body, rest = _row(TOKEN.findall(ANGLE.sub("⟨\\1⟩", text)))
    while rest:  # an unmatched brace is shown, not lost
        more, rest = _row(rest[1:])
        body += "<mo>}</mo>" + more
    return f'<math display="block"><mrow>{body}</mrow></math>'


def has_formula(text: str) -> bool:
    """Whether a title contains mathematics and not only words."""
    return bool(re.search(r"[=^_|<>]", text))


def _row(tokens: list[str]) -> tuple[str, list[str]]:
    """MathML up to a closing brace, and the tokens from there on."""
    done: list[str] = []
    before = ""
    while tokens and tokens[0] != "}":
        token, tokens = tokens[0], tokens[1:]
        last, before = before, before if token.isspace() else token
        if token.isspace() and last in ("grad", "⟨"):
            continue  # an operator belongs to what follows it
        if token in "^_" and done:
            script, tokens = _script(tokens)
            tag = "msup" if token == "^" else "msub"
            done.append(f"<{tag}>{done.pop()}{script}</{tag}>")
        elif token == "{":
            inner, tokens = _row(tokens)
            done.append(f"<mrow>{inner}</mrow>")
            tokens = tokens[1:]
        elif token == "-" and (not last or last in "⟨(=,^"):
            done.append('<mo form="prefix">−</mo>')
        else:
            done.append(_atom(token))
    return "".join(done), tokens


def _script(tokens: list[str]) -> tuple[str, list[str]]:
    if not tokens:
        return "<mi></mi>", []
    if tokens[0] == "{":
        inner, tokens = _row(tokens[1:])
        return f"<mrow>{inner}</mrow>", tokens[1:]
    return _atom(tokens[0]), tokens[1:]


def _atom(token: str) -> str:
    shown = escape(SYMBOLS.get(token, token))
    if token.isspace():
        return '<mspace width="0.25em"/>'
    if "/d" in token and len(token) > 3:
        above, _, below = token.partition("/")
        return f"<mfrac>{_differential(above)}{_differential(below)}</mfrac>"
    if token[0].isdigit():
        return f"<mn>{shown}</mn>"
    if token.isalpha():
        word = len(token) > 1 and token not in SYMBOLS and not token.isupper()
        return f"<mtext>{shown}</mtext>" if word else f"<mi>{shown}</mi>"
    stretchy = ' stretchy="false"' if shown in "⟨⟩‖()[]|" else ""
    return f"<mo{stretchy}>{shown}</mo>"


def _differential(name: str) -> str:
    return f'<mrow><mi mathvariant="normal">d</mi><mi>{escape(SYMBOLS.get(name[1:], name[1:]))}</mi></mrow>'
