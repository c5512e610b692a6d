"""Tests of serving: rules for web servers, compressed copies, and moving a site."""
