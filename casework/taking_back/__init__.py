"""Acts that can be taken back for a while: what was pressed, as it is held, and how it goes back to its author."""
