"""What feedmaker serves over HTTP: the preview, on this machine alone."""
