"""Take students' work in from a learning management system (LMS), and give marks and feedback back to it."""
