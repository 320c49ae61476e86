"""The compiler, pure, one stage a file: parse -> model -> graph -> layout -> payload -> plan."""
