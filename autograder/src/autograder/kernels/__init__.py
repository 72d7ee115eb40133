"""Kernels that are forked from a process which has imported their modules already.

To read the modules in the order in which a kernel passes through them: the grader asks ``provisioner`` for a kernel.
The provisioner has a ``client``, which starts one ``forkserver`` per set of modules, in a sandbox
(`autograder.sandbox`), and sends it a request for every kernel. The fork server forks a ``supervisor``; the
supervisor forks the kernel process and watches its limits. In the kernel process, ``process`` becomes an IPython
kernel: that of ``gradingapp``. ``grading`` is the client of such a kernel, and ``packets`` what connects the two.
Back in the grader, ``cores`` decides which kernel may run its cells now, and on which processor core. ``frames`` is a
trick that makes Python's calls faster while modules are imported. The judge of a notebook (`autograder.judge`) is
forked in the same way.

JupyterLab can have a forked kernel as well. It is that of ``kernelapp``, with ZeroMQ's sockets, which the supervisor
forwards.
"""

MESSAGE = 2**17  # bytes of a request or an answer, at most
