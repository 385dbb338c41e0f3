"""May this run replace that one? A policy and two scored systems in, a verdict out."""
