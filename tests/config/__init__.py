"""`schedule.yaml`: read as a whole, with every fault and its place."""
