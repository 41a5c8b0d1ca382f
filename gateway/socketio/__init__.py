"""`/socket.io/`: chats for the stock `socket.io-client`. python-socketio speaks the protocol; logs and hub are ours, so
clients of different gateways meet, and nothing is told that no log has."""
