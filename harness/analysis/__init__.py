"""Tables of scores to dataclasses of results."""
