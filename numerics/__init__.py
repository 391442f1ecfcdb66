"""Compiled flows, PyTorch gradient descent, starts, problems and the regularizer."""
