"""Tests of the feeds stage."""
