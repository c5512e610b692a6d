"""Who gets which issue, once: the addresses, the ledger's rules and the transports."""
