"""The judge: it runs the instructor's tests in a process in which no code of a submission ever runs.

The submission's kernel answers the judge's questions over a socket: what a name is bound to, what a function returns.
Only values pass, in the small format of `autograder.judge.codec`, so that a test's verdict depends on the submission
through values alone.
"""
