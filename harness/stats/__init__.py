"""Pure statistics on arrays; randomness is always an argument."""
