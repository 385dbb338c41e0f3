"""Unconverted weights (safetensors) through transformers: an extra, and slow beside llama.cpp."""
