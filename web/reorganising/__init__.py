"""Pages of reorganisations: plans, previews, doing and undoing."""
