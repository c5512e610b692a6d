"""Feeds that other systems wrote, read into episodes. Pure; `feedmaker.app.importing` does the rest."""
