"""Side effects: one activity is one system and one retry unit; it observes, acts, and observes again."""
