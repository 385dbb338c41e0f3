"""Figures of the report: matplotlib draws, the page's stylesheet colours."""
