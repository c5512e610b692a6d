"""A build: what there is to make, what it is made from, and making what has changed."""
