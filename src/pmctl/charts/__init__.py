"""Charts: for a terminal, as SVG, and as a page that needs nothing else. Values in, text out."""
