"""What the public reads of cases: lists, search, map, feed, photos and published answers."""
