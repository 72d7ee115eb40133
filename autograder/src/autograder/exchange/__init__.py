"""Take students' work in from a learning management system (LMS)."""
