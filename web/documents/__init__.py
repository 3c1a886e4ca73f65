"""Pages of documents: written from the page of a case, listed, numbered, signed, sealed and verified."""
