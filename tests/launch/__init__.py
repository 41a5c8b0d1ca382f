"""`./atrium`: installing, starting, supervising, stopping."""
