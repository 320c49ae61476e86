"""Events of Mautic: from a webhook's bytes, kept before they are answered, to rows of NileDB."""
