"""What the documentation says is true: its commands, links, keys and examples."""
