"""Pages of documents: written from the page of a case, listed, numbered and kept."""
