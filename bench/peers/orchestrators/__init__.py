"""What other orchestrators do for the same work; each script runs in an environment of its own."""
