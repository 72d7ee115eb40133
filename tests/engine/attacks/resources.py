"""Attacks that use things up: memory, processes, disk, time, output."""

from __future__ import annotations

from tests.engine.attacks.case import FILES_TOO_LARGE, REFUSED, Case, Otherwise

TOO_MANY = "it had more than 64 processes and threads"
TOO_MUCH = "it used more than 512 MiB of memory"
ENDED = "It is ended, with the reason; what ran before keeps its marks."
FULL = "The disk that it has is soon full; nothing else is."
CUT = "Output is cut off at the limit, and a line says so; its marks stay."
CUT_OFF = "Output is cut off here|Output truncated"  # nbgrader cuts off what is left of it after 1,000 lines
NO_SPACE = "No space left on device"
INTERRUPTED = "KeyboardInterrupt"
TOO_DEEP = Otherwise(
    "It is ended when its files are measured, with the reason.",
    score=-1,  # whatever has run until then
    note="its mark is provisional|its files add up to more than 32 MiB",
    reached="ATTEMPT deep_folders|its files add up to more than 32 MiB",
    promise="deep folders",
)
FILL = """
block = bytes(2**20)
for number in range(10_000):
    with open(os.path.expanduser(f'{folder}/{{number}}'), 'wb') as file: file.write(block)
"""

CASES = [
    Case(
        "fork_bomb",
        "Start processes that start processes.",
        ENDED,
        """
            while True:
                try: os.fork()
                except OSError: pass
        """,
        score=2,
        note=TOO_MANY,
        reached=TOO_MANY,
        promise="limits",
    ),
    Case(
        "thread_bomb",
        "Start threads without end.",
        ENDED,
        """
            threading.stack_size(2**16)
            while True:
                try: threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
                except RuntimeError: pass
        """,
        score=2,
        note=TOO_MANY,
        reached=TOO_MANY,
    ),
    Case(
        "memory_of_one_process",
        "Fill memory.",
        "It gets a MemoryError at the limit.",
        """
            kept = []
            while True: kept.append(b'x' * 2**26)
        """,
        reached="MemoryError",
    ),
    Case(
        "memory_of_many_processes",
        "Fill memory from several processes, each below the limit.",
        ENDED,
        """
            for _ in range(6):
                if os.fork() == 0:
                    kept = bytearray(b'x') * 2**27
                    time.sleep(60)
            time.sleep(60)
        """,
        score=2,
        note=TOO_MUCH,
        reached=TOO_MUCH,
        promise="limits",
    ),
    Case(
        "memory_of_sockets",
        "Fill the buffers of sockets, whose memory belongs to no process.",
        ENDED,
        """
            for _ in range(4):
                if os.fork() == 0:
                    kept = []
                    try:
                        while True:
                            kept.append(socket.socketpair())
                            kept[-1][0].setblocking(False)
                            kept[-1][0].send(bytes(2**17))
                    except OSError: time.sleep(60)
            time.sleep(60)
        """,
        score=2,
        note="it had more than 4096 open files",
        reached="it had more than 4096 open files",
    ),
    Case(
        "shared_memory",
        "Fill memory that belongs to no process alone.",
        ENDED,
        """
            import mmap
            kept = []
            while True:
                kept.append(mmap.mmap(-1, 2**26)); kept[-1].write(b'x' * 2**26)
        """,
        score=2,
        note=TOO_MUCH,
        reached=TOO_MUCH,
    ),
    Case(
        "hidden_memory",
        "Fill memory where no count of memory looks: files without a name, old shared memory, message queues.",
        "These parts of Linux answer that they are not there.",
        """
            import ctypes
            attempt(lambda: os.memfd_create('x'))
            libc = ctypes.CDLL(None)
            if libc.shmget(0, 2**20, 0o1600) != -1 or libc.msgget(0, 0o1600) != -1: breach('shared memory')
            if libc.semget(0, 8, 0o1600) != -1: breach('semaphores')
            reached()
        """,
    ),
    Case(
        "full_folder",
        "Fill the disk with files in its folder.",
        FULL,
        FILL.format(folder="."),
        reached=NO_SPACE,
        landlock=FILES_TOO_LARGE,
    ),
    Case(
        "full_tmp",
        "Fill the disk with files in /tmp.",
        FULL,
        FILL.format(folder="/tmp"),
        reached=NO_SPACE,
        landlock=REFUSED,
        promise="limits",
    ),
    Case(
        "full_home",
        "Fill the disk with files in its home.",
        FULL,
        FILL.format(folder="~"),
        reached=NO_SPACE,
        landlock=FILES_TOO_LARGE,
    ),
    Case(
        "full_dev_shm",
        "Fill memory with files in /dev/shm.",
        FULL,
        FILL.format(folder="/dev/shm"),
        reached=NO_SPACE,
        landlock=FILES_TOO_LARGE,
    ),
    Case(
        "deleted_files",
        "Fill the disk with files that are deleted while they are open.",
        FULL,
        """
            kept = []
            while True:
                kept.append(open('file', 'wb')); os.unlink('file')
                kept[-1].write(bytes(2**20)); kept[-1].flush()
        """,
        reached=NO_SPACE,
        landlock=FILES_TOO_LARGE,
    ),
    Case(
        "sparse_files",
        "Leave files that look like terabytes, for a copy to fill the disk.",
        "No file is larger than the limit, and files that are larger together are not kept.",
        """
            attempt(lambda: os.truncate(open('one', 'wb').name, 2**40))
            for number in range(20): os.truncate(open(str(number), 'wb').name, 2**24)
        """,
        note="was not kept: the files in its folder add up to more than 32 MiB",
        reached="was not kept: the files in its folder add up to more than 32 MiB",
    ),
    Case(
        "many_small_files",
        "Leave a million empty files.",
        FULL,
        "for number in range(1_000_000): open(str(number), 'w').close()",
        note="there are more than 2000 files",
        reached=NO_SPACE,
        landlock=FILES_TOO_LARGE,
    ),
    Case(
        "deep_folders",
        "Leave folders within folders within folders.",
        "They do not stop the class.",
        """
            for _ in range(500): os.mkdir('x' * 200); os.chdir('x' * 200)
            reached()
        """,
        note="its mark is provisional",
        landlock=TOO_DEEP,
    ),
    Case(
        "endless_printing",
        "Print without end.",
        CUT,
        "while True: print('x' * 100)",
        reached=CUT_OFF,
        promise="limits",
    ),
    Case("one_huge_line", "Print one line of 100 MB.", CUT, "print('x' * 100_000_000)", reached=CUT_OFF),
    Case(
        "flood_of_errors",
        "Write to the error stream without end.",
        CUT,
        "while True: print('x' * 100, file=sys.stderr)",
        reached=CUT_OFF,
    ),
    Case(
        "flood_from_a_program",
        "Have a program print without end.",
        CUT,
        "subprocess.run(['yes'], timeout=1.5)",
        reached=CUT_OFF,
    ),
    Case(
        "flood_of_displays",
        "Display something without end.",
        "After ten times the limit of output it is ended.",
        """
            from IPython.display import display, HTML
            while True: display(HTML('x' * 20000))
        """,
        score=2,
        note="more than 10 MB of messages",
        reached="more than 10 MB of messages",
    ),
    Case(
        "one_huge_display",
        "Display 5 MB at once.",
        CUT,
        """
            from IPython.display import display, HTML
            display(HTML('x' * 5_000_000))
        """,
        reached=CUT_OFF,
    ),
    Case(
        "flood_of_widgets",
        "Fill the notebook with the state of widgets.",
        CUT,
        """
            import ipywidgets
            for _ in range(50): ipywidgets.HTML('x' * 100_000)
        """,
        reached=CUT_OFF,
    ),
    Case(
        "endless_loop",
        "Compute without end.",
        "The cell is interrupted, and the rest runs.",
        "while True: pass",
        reached=INTERRUPTED,
        promise="limits",
    ),
    Case(
        "loop_that_catches_interrupts",
        "Compute without end, and catch the interrupt.",
        ENDED,
        """
            while True:
                try: time.sleep(0.01)
                except BaseException: pass
        """,
        score=2,
        note="could not be interrupted",
        reached="could not be interrupted",
    ),
    Case(
        "loop_that_ignores_interrupts",
        "Compute without end, and ignore all signals.",
        ENDED,
        """
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
            while True: pass
        """,
        score=2,
        note="could not be interrupted",
        reached="could not be interrupted",
    ),
    Case(
        "stopped_kernel",
        "Stop its kernel without ending it.",
        ENDED,
        "os.kill(os.getpid(), signal.SIGSTOP)",
        score=2,
        note="could not be interrupted",
        reached="could not be interrupted",
    ),
    Case(
        "regular_expression",
        "Compute without end in a library that looks for no signals.",
        ENDED,
        """
            import re
            re.match('(a*)*b', 'a' * 60)
        """,
        reached=INTERRUPTED,
    ),
]
