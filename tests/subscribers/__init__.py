"""Tests of lists of subscribers: as files, and taken over."""
