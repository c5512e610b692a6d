"""The newsletter: what an issue says, how it looks, and the message that carries it.

Pure apart from templates. Knows nothing of subscribers or of what went out; see `feedmaker.delivery`.
"""
