"""What can be done with a project folder: the only place where the stages are wired together."""
