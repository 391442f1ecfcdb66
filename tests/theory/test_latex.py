"""The LaTeX of every step, parsed by KaTeX itself (the markdown-katex package ships the program)."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

from theory import CHAINS, derivations, model_derivations, tensor_train
from theory.__main__ import main
from theory.notation import K


def katex():
    """The KaTeX command line, from the path or from the package that ships it."""
    if found := shutil.which("katex"):
        return found
    spec = importlib.util.find_spec("markdown_katex")
    if spec is not None and spec.origin is not None:
        for program in (Path(spec.origin).parent / "bin").glob("katex*x86_64-Linux"):
            return str(program)
    pytest.skip("KaTeX is not installed: pip install markdown-katex")


def parse(program, formulas):
    """Parse all formulas in one call; a failure names the offending one."""
    text = r"\begin{array}{l}" + r" \\ ".join(formulas) + r"\end{array}"
    done = subprocess.run([program, "--display-mode"], input=text, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        assert 'class="katex-error"' not in done.stdout
        return None
    for formula in formulas:
        if subprocess.run([program], input=formula, capture_output=True, text=True, check=False).returncode:
            return formula
    return text


@pytest.mark.parametrize("depth", [0, 1, 4, K])
def test_every_step_is_valid_latex(depth):
    formulas = [step._latex() for chain in CHAINS for d in derivations(depth, 2, chain) for step in d.steps]
    assert parse(katex(), list(dict.fromkeys(formulas))) is None


def test_the_steps_of_other_models_are_valid_latex():
    formulas = [step._latex() for d in model_derivations(tensor_train(3)) for step in d.steps]
    assert parse(katex(), formulas) is None


def test_the_document_has_balanced_environments_and_valid_formulas(capsys):
    assert main(["depth=3", "format=latex"]) == 0
    document = capsys.readouterr().out
    assert document.startswith(r"\documentclass")
    for name in ("document", "enumerate"):
        assert document.count(rf"\begin{{{name}}}") == document.count(rf"\end{{{name}}}") > 0
    formulas = [part.split(r" \) \\")[0] for part in document.split(r"\item \( ")[1:]]
    assert len(formulas) > 50
    assert parse(katex(), formulas) is None


def test_what_notebooks_show_is_valid_latex():
    found = [d._repr_latex_().removeprefix("$$").removesuffix("$$") for d in derivations(2, 2)]
    for shown in found[:4]:
        done = subprocess.run([katex(), "--display-mode"], input=shown, capture_output=True, text=True, check=False)
        assert done.returncode == 0, shown


def test_broken_latex_is_noticed():
    assert parse(katex(), [r"x^{2", r"\frac{1}{2}"]) is not None
    assert parse(katex(), [r"x", r"\undefinedcommand"]) == r"\undefinedcommand"
