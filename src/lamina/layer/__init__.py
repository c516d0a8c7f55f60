"""Stage 4: reproducible layers, written from wheels and files; nothing is unpacked to disk."""
