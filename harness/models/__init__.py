"""Models: everything that knows a backend by name."""
