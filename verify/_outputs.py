"""Machine-readable listeners: JSON, NDJSON, JUnit XML. Each file is whole and valid at every moment; what is written
into a pipe or a device is written once, at the end.

NDJSON gets every verdict at once; JSON and HTML, which are rewritten whole, keep to a twentieth of a long run.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from theory.files import is_stream, opened_to_append, write_whole
from theory.streams import printable

from ._events import ClaimJudged, Event, RunFinished, RunStarted, in_order
from ._stored import plain
from ._verdict import Result, Verdict


class Pace:
    """Keeps the rewriting of a growing file to a small part of the run: on a grid of a thousand verdicts a report that
    is written whole after each of them would cost more than the verdicts. The first FREE seconds are spent at once."""

    PART, FREE = 0.05, 1.0

    def __init__(self) -> None:
        self._born = time.monotonic()
        self._spent = 0.0

    def due(self) -> bool:
        """Whether the writings so far took less than their part of the run."""
        return self._spent <= self.FREE + self.PART * (time.monotonic() - self._born)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Context in which the file is written."""
        started = time.monotonic()
        yield
        self._spent += time.monotonic() - started


class WholeFile(ABC):
    """A report of everything so far in one file, rewritten as verdicts come in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config: dict[str, Any] = {}
        self.planned = 0
        self.judged: list[ClaimJudged] = []
        self.results: list[Result] = []
        self.pace = Pace()

    @abstractmethod
    def text(self, end: RunFinished | None) -> str:
        """The file's text; `end` is None until the run has ended."""

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.config, self.planned = event.config, event.claims
        elif isinstance(event, ClaimJudged):
            self.results = in_order(self.judged, event)
            if not self.pace.due():
                return
        elif not isinstance(event, RunFinished):
            return
        if not isinstance(event, RunFinished) and is_stream(self.path):
            return
        with self.pace.writing():
            write_whole(self.path, self.text(event if isinstance(event, RunFinished) else None))


class JsonFile(WholeFile):
    """The whole result as one JSON file; "complete" is false until the run has ended."""

    def text(self, end: RunFinished | None) -> str:
        document = {
            "config": self.config,
            "summary": {verdict.value: sum(r.verdict is verdict for r in self.results) for verdict in Verdict},
            "complete": end is not None and not end.interrupted,
            "exit_code": end.exit_code if end else None,
            "claims": [{k: v for k, v in r.as_json().items() if k != "samples"} for r in self.results],
            **(end.extra if end else {}),
        }
        return json.dumps(plain(document), indent=1) + "\n"


class NdjsonFile:
    """Every event as one line, written as it happens, after the lines that stand there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stream = opened_to_append(path)

    def __call__(self, event: Event) -> None:
        body = {"result": event.result.as_json()} if isinstance(event, ClaimJudged) else asdict(event)
        line = json.dumps({"event": type(event).__name__, **plain(body)}, default=str) + "\n"
        try:
            self.stream.write(line.encode())
            self.stream.flush()
            if isinstance(event, RunFinished):
                self.stream.close()
        except OSError as error:
            with suppress(OSError):
                self.stream.close()
            raise type(error)(error.errno, error.strerror, str(self.path)) from None


class JunitFile:
    """One test case per claim and cell; anything but PROVED, EXACT and SUPPORTED is a failure, an error or skipped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.judged: list[ClaimJudged] = []
        self.results: list[Result] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, ClaimJudged):
            self.results = in_order(self.judged, event)
        if isinstance(event, RunFinished):
            suite = ElementTree.Element("testsuite", name="verify", tests=str(len(self.results)))
            for r in self.results:
                cell = f"{r.chain}.N{r.order}.K{r.depth}"
                case = ElementTree.SubElement(
                    suite,
                    "testcase",
                    classname=printable(f"{r.topic}.{cell}"),
                    name=printable(r.id),
                    time=f"{r.seconds:.3f}",
                )
                tag = {
                    Verdict.REFUTED: "failure",
                    Verdict.ERROR: "error",
                    Verdict.INCONCLUSIVE: "failure",
                    Verdict.VACUOUS: "skipped",
                }.get(r.verdict)
                if tag:
                    ElementTree.SubElement(case, tag, message=printable(f"{r.verdict.value}: {r.detail}"))
            failures = sum(r.verdict in (Verdict.REFUTED, Verdict.INCONCLUSIVE) for r in self.results)
            suite.set("failures", str(failures + event.interrupted))
            suite.set("errors", str(sum(r.verdict is Verdict.ERROR for r in self.results)))
            if event.interrupted:
                ElementTree.SubElement(
                    ElementTree.SubElement(suite, "testcase", classname="verify", name="run"),
                    "failure",
                    message="interrupted",
                )
            ElementTree.indent(suite)
            write_whole(self.path, ElementTree.tostring(suite, encoding="unicode") + "\n")
