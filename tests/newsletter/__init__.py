"""Tests of the newsletter: what an issue says, how it looks, and its message."""
