"""Attacks on other processes, on the kernel's own connection, and on Linux itself."""

from __future__ import annotations

from textwrap import dedent

from tests.engine.attacks.case import Case

LIVES = "Only its own kernel is hit."
ENDS = "It ends with its notebook."
DIED = "the kernel died in cell 4"
DAEMON = """
ended, written = os.pipe()  # closed when the program begins
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try: os.execvp('sleep', ['sleep', TOKEN])
        except OSError: os.write(written, b'!')
    os._exit(0)
os.wait()
os.close(written)
if os.read(ended, 1) == b'': reached()
"""
MESSAGES = """
import json
from ipykernel.kernelapp import IPKernelApp
app = IPKernelApp.instance()
parent = get_ipython().kernel.get_parent()
def say(kind, content, **header):
    message = app.session.msg(kind, content, parent=parent)
    message['header'].update(header)
    app.session.send(app.iopub_thread, message)
"""

CASES = [
    Case(
        "kill_everybody",
        "Send SIGKILL to every process that it may.",
        LIVES,
        """
            try: os.kill(-1, signal.SIGKILL)
            except OSError as error: print(error)
            reached()
        """,
        promise="processes",
    ),
    Case(
        "kill_the_parent",
        "Kill its parent and the first process.",
        LIVES,
        """
            for pid in {1, os.getppid()} - {0}:
                for number in (signal.SIGTERM, signal.SIGINT, signal.SIGSTOP, signal.SIGKILL):
                    try: os.kill(pid, number)
                    except OSError as error: print(error)
                    reached()
        """,
    ),
    Case(
        "kill_every_number",
        "Send SIGKILL to every process number but its own.",
        LIVES,
        """
            for pid in range(1, 70000):
                if pid != os.getpid():
                    try: os.kill(pid, signal.SIGKILL)
                    except OSError: pass
        """,
        score=2,
        note=DIED,
        reached=DIED,
    ),
    Case(
        "zombie_that_is_traced",
        "Die while its child traces it: Linux tells the end of a process that is traced to nobody else.",
        "What ran before keeps its marks.",
        """
            import ctypes
            seizes = 0x4206
            if os.fork() == 0:
                os.setsid()
                ctypes.CDLL(None).ptrace(seizes, os.getppid(), 0, 0)
                time.sleep(1000)
            time.sleep(0.5)
            os._exit(0)
        """,
        score=2,
        note=DIED,
        reached=DIED,
    ),
    Case(
        "exit",
        "Leave in the middle.",
        "What ran before keeps its marks.",
        "os._exit(0)",
        score=2,
        note=DIED,
        reached=DIED,
    ),
    Case(
        "kill_itself",
        "Kill its own kernel.",
        "What ran before keeps its marks.",
        "os.kill(os.getpid(), signal.SIGKILL)",
        score=2,
        note=DIED,
        reached=DIED,
    ),
    Case(
        "crash",
        "Crash its own kernel by a bad pointer, to leave a core dump.",
        "What ran before keeps its marks; no dump is left.",
        """
            import ctypes
            ctypes.string_at(0)
        """,
        score=2,
        note=DIED,
        reached=DIED,
    ),
    Case(
        "daemon",
        "Leave a process behind that has left its session and ignores signals.",
        ENDS,
        DAEMON,
        promise="processes",
    ),
    Case(
        "thread_that_goes_on",
        "Leave threads behind that go on computing and printing.",
        ENDS,
        """
            def go_on():
                while True: time.sleep(0.01); print('still here')
            for _ in range(3): threading.Thread(target=go_on).start()
            time.sleep(0.5)
        """,
        reached="still here",
    ),
    Case(
        "exit_handler_that_never_ends",
        "Leave a handler for the end that never ends.",
        ENDS,
        """
            import atexit
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            atexit.register(time.sleep, 10000)
            reached()
        """,
    ),
    Case(
        "trace_others",
        "Attach to other processes as a debugger does.",
        "It has no privileges over any process but its own.",
        """
            import ctypes
            libc = ctypes.CDLL(None)
            for pid in range(1, 3000):
                if pid != os.getpid() and libc.ptrace(16, pid, 0, 0) == 0: breach(pid)
            try: breach(open('/proc/1/mem', 'r+b'))
            except OSError: reached()
        """,
        promise="processes",
    ),
    Case(
        "more_namespaces",
        "Become root in namespaces of its own, and undo what covers others.",
        "It can make no namespaces and enter none.",
        """
            import ctypes
            libc = ctypes.CDLL(None, use_errno=True)
            for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x10020000):
                if libc.unshare(flag) == 0: breach(hex(flag))
            for path in ('/proc', '/tmp', '/', os.getcwd()):
                if libc.umount2(path.encode(), 2) == 0: breach(path)
            if libc.mount(b'proc', b'/tmp', b'proc', 0, None) == 0: breach('mounted')
            if libc.chroot(b'/tmp') == 0: breach('chroot')
            if not subprocess.run(['unshare', '-Ur', 'true']).returncode: breach('unshare')
            reached()
        """,
        promise="rights",
    ),
    Case(
        "become_root",
        "Become root by a program that has root's rights.",
        "No program has rights that it has not.",
        """
            for command in ('su -c id', 'sudo -n id', 'mount -t tmpfs none /tmp', 'chsh -s /bin/sh'):
                done = subprocess.run(command, shell=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
                if 'uid=0' in done.stdout: breach(command)
            for change in (os.setuid, os.setgid, lambda number: os.setgroups([number])):
                attempt(lambda: change(0))
        """,
        promise="rights",
    ),
    Case(
        "forbidden_calls",
        "Use parts of Linux that no notebook needs: keys of the user, programs in the kernel, performance counters.",
        "They answer that they are not there.",
        """
            import ctypes, platform
            libc = ctypes.CDLL(None, use_errno=True)
            numbers = {'x86_64': (425, 323, 321, 298, 248, 250, 300), 'aarch64': (425, 282, 280, 241, 217, 219, 262)}
            for number in numbers[platform.machine()]:
                libc.syscall(number, 0, 0, 0, 0, 0)
                if ctypes.get_errno() != 38: breach(number)
                reached()
        """,
        promise="rights",
    ),
    Case(
        "take_all_cores",
        "Take the other cores as well, with 40 busy processes, so that neighbours run out of time.",
        "It stays on the core that it was given.",
        """
            os.sched_setaffinity(0, range(os.cpu_count()))
            if os.cpu_count() > 1 and len(os.sched_getaffinity(0)) > 1: breach(os.sched_getaffinity(0))
            busy = [subprocess.Popen(['yes'], stdout=subprocess.DEVNULL) for _ in range(40)]
            reached()
            time.sleep(1)
            for process in busy: process.kill()
        """,
    ),
    Case(
        "better_priority",
        "Get a better priority, or be the last to be ended when memory runs out.",
        "It has no privileges.",
        """
            attempt(lambda: os.nice(-10))
            attempt(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10)))
            attempt(lambda: os.write(os.open('/proc/self/oom_score_adj', os.O_WRONLY), b'-1000'))
        """,
    ),
    Case(
        "type_on_the_terminal",
        "Type a command on the instructor's terminal.",
        "It has no terminal.",
        """
            import fcntl, termios
            attempt(lambda: [fcntl.ioctl(os.open('/dev/tty', os.O_RDWR), termios.TIOCSTI, c) for c in b'x'])
        """,
    ),
    Case(
        "close_every_file",
        "Close all files and connections of its kernel.",
        "What ran before keeps its marks.",
        """
            leave_trace()
            os.closerange(0, 1000)
            time.sleep(60)
        """,
        score=2,
        note="problem: ",
    ),
    Case(
        "junk_on_the_connection",
        "Write junk on every connection of its kernel.",
        "What ran before keeps its marks; the grader does not stumble.",
        """
            leave_trace()
            for number in range(3, 200):
                try:
                    if os.readlink(f'/proc/self/fd/{number}').startswith('socket'):
                        os.write(number, os.urandom(5000))
                except OSError: pass
            time.sleep(60)
        """,
        score=2,
        note="problem: ",
        promise="messages",
    ),
    Case(
        "messages_of_nonsense",
        "Send signed messages with contents of the wrong kind.",
        "Its cell fails; the grader does not stumble.",
        MESSAGES
        + dedent("""
            kinds = ('stream display_data execute_result error clear_output comm_open comm_msg update_display_data '
                     'no_such_kind').split()
            for content in ({}, {'name': 3, 'text': []}, {'data': 'x'}, {'name': 'stdout', 'text': [1e400]}):
                for kind in kinds: say(kind, content)
            say('stream', {'name': 'stdout', 'text': '\\udcff'})
            deep = []
            for _ in range(300): deep = [deep]
            say('display_data', {'data': {'application/json': deep}, 'metadata': {}})
            say('execute_input', {'code': '1', 'execution_count': 'many'})
            say('stream', {'name': 'stdout', 'text': 'x'}, date='once upon a time')
        """),
        reached="The kernel sent an invalid message",
        promise="messages",
    ),
    Case(
        "frames_of_nonsense",
        "Send what is no message of Jupyter's.",
        "What ran before keeps its marks; the grader does not stumble.",
        MESSAGES
        + dedent("""
            leave_trace()
            app.iopub_socket.send_multipart([b'no delimiter'])
            app.iopub_socket.send_multipart([b'<IDS|MSG>', b'', b'{', b'[]', b'{}', b'{}'])
            time.sleep(60)
        """),
        score=2,
        note="nonsense",
        promise="messages",
    ),
    Case(
        "packets_of_nonsense",
        "Send packets without a head, of the wrong size and in the name of many processes.",
        "What ran before keeps its marks; the grader does not stumble.",
        MESSAGES
        + dedent("""
            number = app.iopub_socket._packets.fileno()
            leave_trace()
            for sender in range(1000): os.write(number, sender.to_bytes(4, 'big') + b'\\1\\0' + b'x' * 1000)
            os.write(number, b'x')
            time.sleep(60)
        """),
        score=2,
        note="nonsense",
        promise="messages",
    ),
    Case(
        "closed_connection",
        "Close the connection to the grader.",
        "What ran before keeps its marks; the grader does not wait.",
        MESSAGES
        + dedent("""
            leave_trace()
            os.close(app.iopub_socket._packets.fileno())
            time.sleep(60)
        """),
        score=2,
        note="died",
    ),
    Case(
        "message_without_end",
        "Send a message that goes on for ever, for the grader to keep.",
        "After ten times the limit of output it is ended.",
        """
            def send(number):
                while True:
                    try: os.write(number, b'\\3' + (100_000).to_bytes(8, 'big') + bytes(100_000)); leave_trace()
                    except BlockingIOError: time.sleep(0.01)
            for number in range(3, 200):
                try:
                    if os.readlink(f'/proc/self/fd/{number}').startswith('socket'):
                        threading.Thread(target=send, args=(number,), daemon=True).start()
                except OSError: pass
            time.sleep(60)
        """,
        score=2,
        note="more than 10 MB of messages|nonsense",
        # What it sends may arrive before what it has printed.
        reached="ATTEMPT message_without_end|nonsense|more than 10 MB",
        promise="messages",
    ),
]
