"""Wire formats of hosted models: pure functions from a Request to JSON, and from JSON to a Reply.

Each module is one format and offers the functions of `Wire`. Nothing here touches the network.
"""
