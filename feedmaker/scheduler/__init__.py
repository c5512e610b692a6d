"""Running jobs when they are due, and publishing what is saved: once from cron, or as a daemon."""
