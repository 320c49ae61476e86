"""One thin file a group; `common` holds what they share."""
