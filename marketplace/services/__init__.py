"""What people do here: one human act is one function is one transaction. Nothing in this package knows the web."""
