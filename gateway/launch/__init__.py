"""`./atrium up` and `./atrium status`: one machine's Atrium, installed, started, supervised and stopped.

`__main__` reads the command line and the environment; `supervisor` is the map of what runs when; every
other file is one noun. Nothing here imports a third-party package, except `probe` when the servers are
not the embedded ones: the supervisor has to stay up when everything else is broken, and small.
"""
