"""Tests of what an episode becomes before a format takes it: text, links, HTML and templates."""
