"""What people and workers ask of the orchestrator: each command returns a decision."""
