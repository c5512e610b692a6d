"""How the daemon shows from outside what it does and whether it is well.

Log lines, `/healthz` and `/metrics`, word to systemd, a ping to a dead man's switch. Each part is told what
to show and knows nothing of projects. None of them can stop the daemon, or hold it up for long.
"""
