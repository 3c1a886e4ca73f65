"""Several reports of one matter: merged into one case and split off again."""
