"""How the daemon shows from outside what it does and whether it is well."""
