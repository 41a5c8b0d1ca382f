"""Chats over REST, `GET /events` and Socket.IO, against running gateways and an AI worker."""
