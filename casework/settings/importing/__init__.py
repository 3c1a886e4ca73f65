"""Tables of people, agencies and areas: read from a file, checked row by row, shown before they are taken over."""
