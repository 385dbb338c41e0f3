"""Task definitions: catalogue and the adapter to lm-eval."""
