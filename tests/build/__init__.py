"""Tests of building: what is written, when, and what stays whatever goes wrong."""
