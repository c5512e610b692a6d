"""Tests of taking over feeds of other systems."""
