"""Watches ``submitted/``, and grades what arrives there."""
