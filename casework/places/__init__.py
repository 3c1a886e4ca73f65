"""Areas, boundaries and points on the map, today and before a reorganisation."""
