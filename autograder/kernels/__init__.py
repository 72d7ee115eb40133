"""Kernels that start warm, forked from a process that has made the slow imports already, each in a sandbox of its own.

``provisioner`` is what Jupyter sees. It starts one ``warm`` process, inside bubblewrap with what ``sandbox`` shows. For
every order that process forks a ``keeper``, which forks the ``kernel`` itself into a ``box``, hands its messages on
and ends it when it goes beyond its ``limits``. ``files`` go in before and come out after.
"""

MESSAGE = 2**17  # bytes of an order or an answer, at most
