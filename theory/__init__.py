"""SymPy derivations of the gradient-flow dynamics and the induced regularizer."""
