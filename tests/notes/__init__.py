"""Tests of feedmaker.notes."""
