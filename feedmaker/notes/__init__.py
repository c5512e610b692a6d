"""Notes: from the text of a file to an episode, with a diagnostic for every fault."""
