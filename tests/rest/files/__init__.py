"""Files of projects over REST, and at the paths that sockets open."""
