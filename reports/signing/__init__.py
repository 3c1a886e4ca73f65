"""Digital signatures and seals on documents: the field, the signing, and what is read of signatures in a file."""
