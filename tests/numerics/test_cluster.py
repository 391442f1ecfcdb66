"""Sweeps and experiments on a real Dask scheduler and real workers, as processes of this machine."""

import signal
import subprocess
import sys

import pytest

from numerics import UsageError, points, read_table, sweep
from numerics.__main__ import main

MISSING = "Dask is an optional extra: pip install 'deep-tucker-verify[cluster]'"
BASE = {"sizes": "4,4,4", "rank": "2,2,2", "depth": 2, "observed": 0.8, "steps": 400, "record": 20}


class Cluster:
    """A scheduler on a free port of the loopback, and workers that the tests may kill."""

    def __init__(self, folder):
        pytest.importorskip("distributed", reason=MISSING)
        self.folder, self.workers = folder, []
        self.scheduler = self._start("scheduler", "--port", "0")
        log = iter(self.scheduler.stderr.readline, "")
        self.address = next(line.split()[-1] for line in log if "Scheduler at:" in line)

    def _start(self, kind, *options):
        command = [sys.executable, "-m", "dask", kind, "--host", "127.0.0.1", "--no-dashboard", *options]
        log = subprocess.PIPE if kind == "scheduler" else subprocess.DEVNULL
        return subprocess.Popen(command, cwd=self.folder, stderr=log, text=True)

    def add_worker(self):
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(self.folder))
        self.workers.append(self._start("worker", self.address, *options))

    def kill_worker(self):
        worker = self.workers.pop(0)
        worker.send_signal(signal.SIGKILL)
        worker.wait()

    def close(self):
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()
        self.scheduler.stderr.close()


@pytest.fixture
def cluster(tmp_path):
    running = Cluster(tmp_path)
    yield running
    running.close()


def results(table):
    ignored = ("seconds", "key")
    rows = [{name: value for name, value in row.items() if name not in ignored} for row in read_table(table)]
    return sorted(rows, key=lambda row: row["seed"])


def test_a_sweep_on_a_cluster_survives_a_worker_and_continues_the_same_table(cluster, tmp_path):
    grid = points(BASE, {"seed": list(range(8))})
    sweep(grid, tmp_path / "here.sqlite")
    table = tmp_path / "cluster.sqlite"
    assert sweep(grid[:1], table) == 1
    cluster.add_worker()
    cluster.add_worker()
    killed = []

    def kill_one(row):
        if not killed:
            cluster.kill_worker()
            killed.append(row)

    assert sweep(grid, table, scheduler=cluster.address, on_row=kill_one) == 7
    assert killed
    assert results(table) == results(tmp_path / "here.sqlite")
    assert sweep(grid, table, scheduler=cluster.address) == 0


def test_an_experiment_on_a_cluster_has_the_table_of_one_here(cluster, tmp_path, capsys):
    cluster.add_worker()
    keys = ["experiment=mechanism", "profile=test"]
    assert main([*keys, f"out={tmp_path / 'here'}"]) == 0
    assert main([*keys, f"out={tmp_path / 'there'}", f"scheduler={cluster.address}"]) == 0
    here, there = (next((tmp_path / place).rglob("table.csv")).read_text() for place in ("here", "there"))
    assert here == there


def test_a_scheduler_that_is_lost_leaves_the_finished_rows(cluster, tmp_path):
    cluster.add_worker()
    grid = points({**BASE, "steps": 3000}, {"seed": list(range(6))})
    table = tmp_path / "runs.sqlite"

    def lose(row):
        cluster.scheduler.kill()

    with pytest.raises(UsageError, match="was lost; what was finished is kept"):
        sweep(grid, table, scheduler=cluster.address, on_row=lose)
    assert 1 <= len(read_table(table)) < 6
    sweep(grid, table)
    assert [row["seed"] for row in results(table)] == list(range(6))


def test_a_scheduler_that_nobody_can_reach_is_refused(tmp_path, monkeypatch, capsys):
    pytest.importorskip("distributed", reason=MISSING)
    monkeypatch.setattr("numerics._cluster.ANSWER_WITHIN", 0.2)
    keys = [f"{key}={value}" for key, value in BASE.items() if key not in ("depth", "observed")]
    for address in ("tcp://127.0.0.1:9", "nowhere"):
        assert main(["sweep", *keys, f"table={tmp_path / 'runs.sqlite'}", f"scheduler={address}"]) == 2
        assert f"no Dask scheduler at '{address}'" in capsys.readouterr().err


def test_a_scheduler_without_workers_says_so(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("numerics._cluster.WORKERS_WITHIN", 0.2)
    with pytest.raises(UsageError, match=f"no worker; start one with: dask worker {cluster.address}"):
        sweep(points(BASE, {"seed": [0]}), tmp_path / "runs.sqlite", scheduler=cluster.address)
