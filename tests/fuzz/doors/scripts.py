"""Whether a script that `show` prints is the tool's own: it parses, and calls nothing that a payload would."""

from __future__ import annotations

import ast

CALLS = {"open", "exec", "eval", "__import__", "compile", "system", "popen"}


def bad_script(text: str) -> str:
    """What is wrong with the script; empty where nothing is."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        return f"is no Python: {error}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in CALLS:
                return f"calls {name}, line {node.lineno}"
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if any(name.split(".")[0] not in ("numpy", "scipy") for name in names):
            return f"calls for {ast.unparse(node)!r}, line {getattr(node, 'lineno', '?')}"
    return ""
