"""Kernels that start warm: forked from a process that has made the slow imports already."""
