"""The version that is recorded; asking the installed metadata takes longer than a small build."""

VERSION = "lamina 0.1.0"
