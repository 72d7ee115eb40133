"""Proves the tests of an assignment: wrong answers that are made from the reference solution must lose points."""
