"""Chats: what REST, `GET /events` and Socket.IO do to them alike."""
