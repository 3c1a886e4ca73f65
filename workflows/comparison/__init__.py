"""What one version says otherwise than another: element by element, in sentences, and row by row of a table."""
