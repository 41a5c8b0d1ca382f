"""Proof, with the stock clients themselves, that Atrium is the server that they expect."""
