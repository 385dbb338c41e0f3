"""The bundled suite `quick`: held-out items, and training text for the same skills."""
