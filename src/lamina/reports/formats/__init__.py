"""The formats that documents are written in; none knows another."""
