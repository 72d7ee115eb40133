"""Find answers of different students that are alike."""
