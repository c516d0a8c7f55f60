"""Past builds: recorded as events, folded into records, kept in a database, and measured."""
