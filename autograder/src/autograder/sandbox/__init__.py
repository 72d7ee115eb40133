"""What a notebook can see, use and change while it runs.

``base`` says what every sandbox has to do; ``bubblewrap`` and ``none`` are the two that there are, and ``kinds`` lists
them. ``view`` decides which files and environment variables a sandbox shows. ``namespaces`` and ``syscalls`` confine a
forked kernel, ``limits`` measures what it uses, ``transfer`` copies its files in and out, and ``proxy`` forwards
messages between it and its Jupyter client.
"""
