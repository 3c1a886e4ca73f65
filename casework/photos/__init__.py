"""Photos: decoded, stripped of metadata, faces found and covered, kept in several sizes."""
