"""`feedmaker.lock`: what readers were told, and that they are never told it twice."""
