"""Reports: past builds as documents, and the formats that those are written in."""
