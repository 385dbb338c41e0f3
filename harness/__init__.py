"""Compare small and large language models through one identical pipeline."""

from __future__ import annotations

__version__ = "0.1.0"
