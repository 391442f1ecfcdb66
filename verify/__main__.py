"""`python -m verify`: the command line."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small tensors: threads cost more than they bring

HELP = """\
Check the theory of implicit regularization in deep Tucker factorization.

  python -m verify depth=4                       all built-in claims
  python -m verify depth=1..6 order=2,3,4        a grid (1..6 includes both ends)
  python -m verify depth=4 data=kinetic          on a real tensor: a shipped name, or a path (.npy, .npz, image)
  python -m verify depth=2,3 conjectures=mine.py your own claims
  python -m verify claims='conservation*'        a selection, by topic or id
  python -m verify list                          the built-in claims
  python -m verify show ID                       one claim: statement, hypotheses, source
  python -m verify show FILE                     a counterexample as a NumPy script
  python -m verify replay FILE                   does a counterexample still refute, a witness still support?
  python -m verify new NAME                      write a commented template of a conjecture file
  python -m verify version                       versions of the tool and of what it computes with
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    from theory.streams import with_streams

    return with_streams("verify", lambda: _main(sys.argv[1:] if arguments is None else arguments))


def _main(words: list[str]) -> int:
    if words[:1] in (["-h"], ["--help"], ["help"]):
        return _help()
    import torch
    from threadpoolctl import threadpool_limits

    from numerics import UsageError
    from theory.streams import on_one_line

    from . import _commands

    torch.set_num_threads(1)
    threadpool_limits(1)  # of BLAS too: matrices are small, and every core has a process of its own

    try:
        commands = {
            "list": _commands.list_claims,
            "show": _commands.show,
            "replay": _commands.replay,
            "new": _commands.new,
            "version": _commands.version,
        }
        if words and words[0] in commands:
            return commands[words[0]](words[1:])
        _commands.check_words(words, commands)
        return _commands.verify(words)
    except UsageError as error:
        print(f"verify: {on_one_line(error)}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.filename is None:
            raise
        print(f"verify: {error.filename}: {error.strerror or error}", file=sys.stderr)
        return 2


def _help() -> int:
    from numerics import key_lines

    from ._config import Config
    from ._terminal import explain

    print(HELP)
    print("Keys:")
    print("\n".join(key_lines(Config)))
    print("\nVerdicts:\n" + explain())
    print(
        "\nExit codes: 0 all proved, exact or supported; 1 refuted; 2 usage; 3 error; 4 undecided or vacuous; "
        "5 nothing selected; 130 interrupted"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
