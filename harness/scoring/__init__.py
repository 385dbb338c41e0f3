"""Scorers: pure functions from a reply to a Score."""
