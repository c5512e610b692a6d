"""Tests of notes from elsewhere."""
