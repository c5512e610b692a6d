"""The podcast feed: its elements, chapters, show notes, artwork and warnings."""
