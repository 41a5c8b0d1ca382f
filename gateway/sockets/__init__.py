"""The WebSocket side of a gateway: connections, and one session class per dialect. `wiring.py` is the map."""
