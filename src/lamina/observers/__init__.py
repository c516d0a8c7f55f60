"""Who listens to a build; each observer receives events and can never fail it."""
