"""Hosted models: one client for every wire format, with patience, manners and a ledger."""
