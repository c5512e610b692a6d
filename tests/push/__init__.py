"""Tests of push: what waits to be told, and telling hubs and podcast services."""
