"""Tests of the lint of feed documents."""
