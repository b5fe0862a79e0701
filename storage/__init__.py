"""What is known: normalized shapes, tables, the store, the readers' views."""
