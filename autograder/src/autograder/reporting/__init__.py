"""Tell people and programs how a class did."""
