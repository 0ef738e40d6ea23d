"""What another tool's project would become here: read, never run, and told as a graph."""
