"""Signing up and leaving: the rules and the words. Pure but for the templates that pages are made of."""
