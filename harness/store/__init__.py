"""Runs on disk: journal while running, parquet when finished."""
