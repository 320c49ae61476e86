"""The wires that the clients speak over: authentication, encoding, paging, error mapping."""
