"""The public names of a package through autodoc, by module; the house's docstrings become reStructuredText."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

HEADS = {"Arguments": "Arguments", "Args": "Arguments", "Attributes": "Attributes"}
HEADS |= {name: name for name in ("Returns", "Raises", "Source")}
HEAD = re.compile(rf"({'|'.join(HEADS)}):\s*(.*)")
ITEM = re.compile(r"([\w*]+(?:, [\w*]+)*): +(.*)")
ADDRESS = re.compile(r" at 0x[0-9a-f]+")


class PublicNames(SphinxDirective):
    """`.. public-names:: PACKAGE`: every name of its __all__, one section a module that defines some of them."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        package = import_module(self.arguments[0])
        found: list[nodes.Node] = []
        for title, names in by_module(package).items():
            section = nodes.section(ids=[nodes.make_id(f"{package.__name__} {title}")])
            section += nodes.title("", "", *self.parse_inline(escaped(title))[0])
            section += self.parse_text_to_nodes("\n\n".join(entry(package, name) for name in names))
            found.append(section)
        return found


def by_module(package: ModuleType) -> dict[str, list[str]]:
    """First line of a module's docstring -> public names defined there, in the order of __all__."""
    groups: dict[str, list[str]] = {}
    for name in sorted(package.__all__, key=lambda name: origin(package, name)):
        groups.setdefault(origin(package, name), []).append(name)
    return {title_of(module, names): names for module, names in groups.items()}


def origin(package: ModuleType, name: str) -> str:
    """The module that defines a public name; constants and types made of others' are looked up in the package's."""
    thing = getattr(package, name)
    module = str(getattr(thing, "__module__", ""))
    if module.partition(".")[0] == package.__name__ and hasattr(thing, "__qualname__"):
        return module
    own = [m for m in vars(package).values() if inspect.ismodule(m) and name in vars(m)]
    return next((m.__name__ for m in own if assigns(m, name)), package.__name__)


def assigns(module: ModuleType, name: str) -> bool:
    """Does the module's source bind the name at its top level?"""
    return re.search(rf"^{name}\b.*=", inspect.getsource(module), re.MULTILINE) is not None


def title_of(module: str, names: list[str]) -> str:
    """The first sentence of a module's docstring, without its sources."""
    line = (inspect.getdoc(import_module(module)) or ", ".join(names)).splitlines()[0]
    return re.split(r"  Source:", line)[0].rstrip(".")


def entry(package: ModuleType, name: str) -> str:
    """The autodoc directive of a public name."""
    thing = getattr(package, name)
    full = f"{package.__name__}.{name}"
    if inspect.isclass(thing):
        return f".. autoclass:: {full}\n   :members:\n"
    if inspect.isroutine(thing):
        return f".. autofunction:: {full}\n"
    value = ADDRESS.sub("", repr(thing))
    return f".. py:data:: {full}\n\n   ::\n\n      {value}\n"


def escaped(text: str) -> str:
    """Text in which only `code` is markup."""
    parts = re.split(r"(`+[^`]+`+)", text)
    literal = [f"\\ ``{part.strip('`')}``\\ " for part in parts[1::2]]  # "\\ ": markup may touch a letter
    plain = [re.sub(r"([\\*`|_])", r"\\\1", part) for part in parts[::2]]
    return "".join(text + code for text, code in zip(plain, [*literal, ""], strict=True))


def restructured(lines: Iterable[str]) -> list[str]:
    """A docstring in the house's style as reStructuredText: paragraphs, code, then one field a heading."""
    body: list[str] = []
    fields: list[tuple[str, str, list[str]]] = []
    for line in lines:
        if head := HEAD.fullmatch(line):
            fields.append((HEADS[head[1]], head[2], []))
        elif fields and (line.startswith(" ") or not line):
            fields[-1][2].append(line)
        elif fields:  # a paragraph after the headings, or the second line of "Returns: ..."
            fields[-1][2].append(f"    {line}")
        else:
            body.append(line)
    written = _paragraphs(body)
    for title, first, rest in fields:
        written += [f":{title}:", *(f"   {line}" for line in _field(first, rest)), ""]
    return written


def _paragraphs(lines: list[str]) -> list[str]:
    """Paragraphs separated by empty lines; one that is indented is code."""
    written: list[str] = []
    for block in re.split(r"\n\s*\n", "\n".join(lines).strip("\n")):
        code = block.startswith("    ")
        written += ["::", "", *block.splitlines(), ""] if code else [" ".join(escaped(block).split()), ""]
    return written


def _field(first: str, rest: list[str]) -> list[str]:
    lines = [line for line in rest if line.strip()]
    depth = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    items: list[list[str]] = [[first]] if first else []
    for line in lines:
        text = line[depth:]
        if not items or (not first and not text.startswith(" ") and ITEM.match(text)):
            items.append([])
        items[-1].append(text.strip())
    written = []
    for item in items:
        text = " ".join(item)
        named = None if first else ITEM.match(text)
        written += [f"**{escaped(named[1])}**: {escaped(named[2])}" if named else escaped(text), ""]
    return written or [""]


def _process(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    lines[:] = restructured(list(lines))


def _signature(app: Sphinx, what: str, name: str, thing: Any, options: Any, signature: str, returns: str) -> Any:
    return (ADDRESS.sub("", signature) if signature else signature, returns)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and the docstring writer."""
    app.setup_extension("sphinx.ext.autodoc")
    app.add_directive("public-names", PublicNames)
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-process-signature", _signature)
    return {"version": "1", "parallel_read_safe": True}
