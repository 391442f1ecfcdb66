"""Claims, generated tensors, the engine, verdicts and reports."""
