"""What is served over HTTP, seen by a real browser."""
