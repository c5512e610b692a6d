"""The feeds: one value, written as RSS 2.0, Atom 1.0 and JSON Feed 1.1, and read back before it counts."""
