"""One thread and float64 throughout: small tensors, reproducible sums."""

import os
import signal

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import torch

torch.set_num_threads(1)
# A shell that starts the tests in the background leaves SIGINT ignored, and every process they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)
