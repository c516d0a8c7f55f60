"""Where a finished image goes; implementations of the Destination protocol."""
