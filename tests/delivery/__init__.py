"""Tests of the delivery: addresses, transports, the ledger's rules, and secrets."""
