"""Attacks on files: the gradebook, hidden tests, neighbours, the instructor's home."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from tests.engine.attacks.case import FILES_TOO_LARGE, Case

UNSEEN = "it is not there"
PROC = """
listed = list(pathlib.Path('/proc').glob('[0-9]*'))
for folder in listed or [pathlib.Path('/proc', str(number)) for number in range(1, 40_000)]:
    try:
        seen = {action}
    except OSError:
        continue
    if {found}:
        breach(seen)
reached()
"""


def _link(folder: Path) -> None:
    os.symlink("../../../gradebook.db", folder / "table.csv")


def _link_folder(folder: Path) -> None:
    os.symlink("../..", folder / "tables")


def _zip_bomb(folder: Path) -> None:
    with zipfile.ZipFile(folder / "data.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"table{number}.csv", bytes(10_000_000))


CASES = [
    Case(
        "read_gradebook",
        "Read the gradebook by its path.",
        UNSEEN,
        "attempt(lambda: open(f'{COURSE}/gradebook.db', 'rb').read(20))",
        works=True,
        promise="reads",
    ),
    Case(
        "write_gradebook",
        "Change a neighbour's mark in the gradebook.",
        UNSEEN,
        """
            import sqlite3
            def change():
                book = sqlite3.connect(f'file:{COURSE}/gradebook.db?mode=rw', uri=True)
                return book.execute('UPDATE grade SET manual_score = 0').rowcount
            attempt(change)
        """,
        works=True,
        promise="writes",
    ),
    Case(
        "read_hidden_tests",
        "Read the hidden tests in source/.",
        UNSEEN,
        "attempt(lambda: open(f'{COURSE}/source/ps1/problem.ipynb').read())",
        works=True,
        promise="reads",
    ),
    Case(
        "search_for_hidden_tests",
        "Look for notebooks and gradebooks in every folder that can be read.",
        "There is none but the student's own, without hidden tests.",
        """
            hidden = '(' + '7) =='  # not in one piece here: this cell is in the student's notebook
            for root, folders, names in os.walk(COURSE):
                for name in names:
                    path = pathlib.Path(root, name)
                    if name == 'gradebook.db' or (name == 'problem.ipynb' and hidden in path.read_text()):
                        breach(path)
            reached()
        """,
        works=True,
        promise="reads",
    ),
    Case(
        "read_the_engine",
        "Import the hidden tests that come with the engine.",
        "The engine is not there.",
        """
            import importlib.util
            for name in ('autograder.hidden_tests', 'autograder.grading', 'autograder.sample_class'):
                found = importlib.util.find_spec(name)
                try:
                    if found: breach(open(found.origin).read())
                except OSError as error: print(error)
            reached()
        """,
        works=True,
    ),
    Case(
        "read_a_neighbour",
        "Read what a neighbour has handed in.",
        UNSEEN,
        "attempt(lambda: open(f'{COURSE}/submitted/victim/ps1/problem.ipynb').read())",
        works=True,
        promise="reads",
    ),
    Case(
        "write_to_a_neighbour",
        "Change what a neighbour has handed in.",
        UNSEEN,
        "attempt(lambda: open(f'{COURSE}/submitted/victim/ps1/problem.ipynb', 'a').write(' '))",
        works=True,
    ),
    Case(
        "climb_out",
        "Leave a file in the folders above its own.",
        "Nothing but its own folder is kept.",
        """
            here = pathlib.Path.cwd()
            for parent in list(here.parents)[:-1]:
                try: (parent / 'climbed_out').write_text('x')
                except OSError: pass
                reached()
        """,
        promise="writes",
    ),
    Case(
        "read_the_home",
        "Read a key in the instructor's home.",
        UNSEEN,
        "attempt(lambda: open(f'{HOME}/.ssh/id_ed25519').read())",
        works=True,
        promise="reads",
    ),
    Case(
        "read_secrets_of_the_environment",
        "Read passwords from the environment.",
        "Only harmless variables are passed on.",
        """
            for text in (str(dict(os.environ)), open('/proc/self/environ').read()):
                if 'canary' in text: breach(text)
            reached()
        """,
        works=True,
        promise="environment",
    ),
    Case(
        "environ_of_others",
        "Read the environment of other processes in /proc.",
        "It sees no process but its own.",
        PROC.format(action="(folder / 'environ').read_bytes()", found="b'canary' in seen"),
        works=True,
    ),
    Case(
        "command_lines_of_others",
        "Read the command lines of other processes in /proc.",
        "It sees no process but its own.",
        PROC.format(action="(folder / 'cmdline').read_bytes()", found="b'pytest' in seen"),
        works=True,
    ),
    Case(
        "root_of_others",
        "Reach files by way of the root, folder and open files of other processes in /proc.",
        "It sees no process but its own.",
        PROC.format(action="os.listdir(f'{folder}/root{COURSE}')", found="'gradebook.db' in seen")
        + PROC.format(
            action="[os.readlink(link) for link in [folder / 'cwd', *(folder / 'fd').iterdir()]]",
            found="any('gradebook' in link or link == COURSE for link in seen)",
        ),
        works=True,
    ),
    Case(
        "memory_of_others",
        "Read the memory of other processes in /proc.",
        "It sees no process but its own.",
        """
            for pid in set(range(2, 4000)) - set(map(int, os.listdir('/proc/self/task'))):
                if pid == 99: reached()
                try:
                    start = int(open(f'/proc/{pid}/maps').read().split('-')[0], 16)
                    memory = open(f'/proc/{pid}/mem', 'rb'); memory.seek(start)
                    breach(memory.read(16))
                except (OSError, ValueError): pass
        """,
    ),
    Case(
        "link_in_the_submission",
        "Hand in a link to the gradebook.",
        "It is not followed, and a note says so.",
        "attempt(lambda: open('table.csv', 'rb').read(20))",
        note="table.csv is a link",
        make=_link,
        promise="links",
    ),
    Case(
        "linked_folder_in_the_submission",
        "Hand in a link to the folder of all submissions.",
        "It is not followed, and a note says so.",
        "attempt(lambda: os.listdir('tables'))",
        note="tables is a link",
        make=_link_folder,
        promise="links",
    ),
    Case(
        "link_made_in_a_cell",
        "Leave links to the gradebook, to be followed when the folder is copied.",
        "Links are not kept.",
        """
            os.symlink(f'{COURSE}/gradebook.db', 'table.csv')
            os.symlink(COURSE, 'tables')
            os.symlink('/etc/passwd', 'data')
            reached()
        """,
        promise="writes",
    ),
    Case(
        "hard_link",
        "Make a hard link to the gradebook and to a system file.",
        "There is no gradebook, and nothing is on the same disk.",
        """
            for path in (f'{COURSE}/gradebook.db', '/etc/passwd', '/usr/bin/env'):
                attempt(lambda: os.link(path, 'linked'))
        """,
    ),
    Case(
        "odd_names",
        "Leave files whose names climb out of the folder or cannot be shown.",
        "They stay in the folder.",
        """
            for name in ('..\\\\..\\\\up', '\\n', ' ', '-rf', '~', '$HOME', 'a' * 255, b'\\xff\\xfe'):
                open(name, 'w').write('x')
            reached()
        """,
        promise="writes",
    ),
    Case(
        "pipe_in_the_folder",
        "Leave a pipe and a socket on which a reader waits for ever.",
        "They are not kept.",
        "os.mkfifo('table.csv'); socket.socket(socket.AF_UNIX).bind('data.csv'); reached()",
    ),
    Case(
        "unreadable_folder",
        "Leave files and folders that nobody may read or delete.",
        "They do not stop the class.",
        """
            os.mkdir('closed'); open('closed/file', 'w').write('x'); os.chmod('closed/file', 0); os.chmod('closed', 0)
            reached()
        """,
    ),
    Case(
        "write_to_the_system",
        "Change Python's own files, a program and a setting.",
        "All of it is read-only.",
        """
            for path in (os.__file__, sys.executable, '/etc/passwd', '/usr/bin/env', '/proc/sys/kernel/core_pattern',
                         '/proc/sysrq-trigger', '/sys/devices/system/cpu/cpu0/online'):
                attempt(lambda: open(path, 'r+b').fileno())
        """,
        promise="writes",
    ),
    Case(
        "devices",
        "Open the memory and disks of the machine, or make devices of its own.",
        "There are no devices but the harmless ones.",
        """
            for name in ('mem', 'kmem', 'sda', 'vda', 'nvme0n1', 'kvm', 'fuse', 'net/tun', 'nvidia0'):
                attempt(lambda: open(f'/dev/{name}', 'rb').fileno())
            for number in ((1, 1), (254, 0), (8, 0)):
                attempt(lambda: os.mknod('disk', 0o600 | 0o060000, os.makedev(*number)))
        """,
        promise="rights",
    ),
    Case(
        "zip_bomb",
        "Unpack data of 200 kB that become 200 MB.",
        "The disk that it has is soon full; nothing else is.",
        """
            import zipfile
            attempt(lambda: zipfile.ZipFile('data.zip').extractall() or 'unpacked')
        """,
        make=_zip_bomb,
        landlock=FILES_TOO_LARGE,
    ),
]
