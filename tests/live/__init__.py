"""Live connections and what becomes of them when rights change; who is here, told over REST."""
