"""Signing up and leaving: the rules, the pages over real HTTP, and a real browser."""
