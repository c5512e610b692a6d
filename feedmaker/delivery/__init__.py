"""Who gets which issue, once: the ledger's rules and the transports."""
