"""What a notebook can see, use and change while it runs.

``base`` says what every sandbox has to do; ``bubblewrap``, ``landlock`` and ``none`` are those that there are, and
``kinds`` lists them and chooses one. ``view`` decides which files and environment variables a sandbox shows.

``bubblewrap`` confines a forked kernel by ``namespaces``. ``landlock`` does so by a ``domain``, a ``broker`` and a
``reaper``. Both use ``syscalls``, ``seccomp`` and ``resources``. ``limits`` measures what a kernel uses, with
``storage``. ``transfer`` copies its files in and out, and ``proxy`` forwards messages between it and its Jupyter
client.
"""
