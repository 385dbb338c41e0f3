"""Dataclasses of results to HTML."""
