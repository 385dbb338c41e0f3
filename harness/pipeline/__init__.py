"""Tasks, a model and a store joined into a run."""
