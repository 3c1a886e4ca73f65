"""Pages for everybody: home, list, map, a case, transparency, help."""
