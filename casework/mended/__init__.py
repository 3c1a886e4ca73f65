"""Whether a matter that was answered is really mended: asked once, answered by its senders, and counted."""
