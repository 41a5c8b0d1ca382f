"""The aiohttp process that clients talk to: sockets, REST, authentication. app.py is its map."""
