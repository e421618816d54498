"""What a running migration tells about itself: status query, search attributes, live details, failures."""
