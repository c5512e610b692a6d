"""Our own lint of feed documents: RSS, Atom, JSON Feed, OPML and chapters, read as hostile bytes. Pure."""
