"""What the boards for tests share (ci/bench-board, ci/bench-pi): a folder, a serial line in it, QEMU at its other end.

The line is two pseudo terminals, folder/uart and folder/line, and a process that carries bytes from one to the other.
"""
import os
import pathlib
import pty
import select
import signal
import socket
import subprocess
import sys
import time
import tty

GARBAGE = b"\x00\xff\xfe\x80\x1b[U\xc3\x28\x00\x07\xf8"


class Bench:
    def __init__(self, name, folder, port):
        self.name, self.folder, self.port = name, pathlib.Path(folder), port
        self.uart, self.line = self.folder / "uart", self.folder / "line"

    def refuse(self, why):
        sys.exit(f"{self.name}: {why}")

    def pid_of(self, name):
        try:
            pid = int((self.folder / f"{name}.pid").read_text())
            os.kill(pid, 0)
            return pid
        except (OSError, ValueError):
            return None

    def end(self, name):
        pid = self.pid_of(name)
        if pid:
            os.kill(pid, signal.SIGKILL)
        self.wait_until(lambda: not self.pid_of(name), f"{name} does not end")
        (self.folder / f"{name}.pid").unlink(missing_ok=True)

    def wait_until(self, holds, otherwise):
        deadline = time.monotonic() + 10
        while not holds():
            if time.monotonic() > deadline:
                self.refuse(otherwise)
            time.sleep(0.02)

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", int(self.port))) == 0

    def plug(self, with_tcp):
        self.unplug()
        self.folder.mkdir(parents=True, exist_ok=True)
        in_background(self.carry)
        self.wait_until(lambda: self.pid_of("line"), "the line does not come up")
        if not with_tcp:
            return
        if self.listens():
            self.refuse(f"port {self.port} is in use; BENCH_PORT names another")
        config = self.folder / "ser2net.yaml"
        config.write_text(f"connection: &bench\n  accepter: tcp,127.0.0.1,{self.port}\n"
                          f"  connector: serialdev,{self.line.resolve()},115200n81,local\n"
                          "  options:\n    kickolduser: true\n")
        with open(self.folder / "ser2net.log", "wb") as log:
            child = subprocess.Popen(["ser2net", "-n", "-u", "-c", str(config)], stdin=subprocess.DEVNULL, stdout=log,
                                     stderr=log, start_new_session=True)
        (self.folder / "ser2net.pid").write_text(str(child.pid))
        self.wait_until(self.listens, "ser2net does not come up")

    def unplug(self):
        for name in ("qemu", "ser2net", "line"):
            self.end(name)
        for link in (self.uart, self.line, self.folder / "lose"):
            link.unlink(missing_ok=True)

    def carry(self):
        """The line itself: until it is ended, bytes go from one terminal to the other."""
        masters, slaves = zip(*(pty.openpty() for _ in range(2)))
        for slave, link in zip(slaves, (self.line, self.uart)):
            tty.setraw(slave)
            link.unlink(missing_ok=True)
            link.symlink_to(os.ttyname(slave))
        for master in masters:
            os.set_blocking(master, False)
        (self.folder / "line.pid").write_text(str(os.getpid()))
        said, asked = 0, ""
        while True:
            for master in select.select(masters, [], [])[0]:
                bytes_ = os.read(master, 4096)
                if master == masters[0]:
                    pass_on(bytes_, masters[1])
                    continue
                lose = (self.folder / "lose").read_text() if (self.folder / "lose").exists() else ""
                if lose != asked:
                    said, asked = 0, lose
                every = int(lose or 0)
                kept = bytes(b for i, b in enumerate(bytes_) if not every or (said + i) % every != every - 1)
                said += len(bytes_)
                pass_on(kept, masters[0])

    def switch_on(self, arguments):
        """QEMU with these arguments, among them what takes the chardev `uart`."""
        if self.pid_of("qemu"):
            return
        if not self.pid_of("line"):
            self.refuse(f"the line is not there; 'ci/{self.name} plug' lays it")
        with open(self.uart, "wb", buffering=0) as noise:
            noise.write(GARBAGE)
        command = ["qemu-system-aarch64", "-nodefaults", "-no-user-config", "-display", "none", "-daemonize",
                   "-pidfile", str(self.folder / "qemu.pid"), "-chardev", f"serial,id=uart,path={self.uart.resolve()}"]
        done = subprocess.run(command + arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            self.refuse(done.stderr.strip() or f"QEMU ended with {done.returncode}")

    def main(self, words, on, further):
        """Runs the command of all benches that `words` are, or one of `further`; False: there is no such."""
        commands = {"plug": lambda: self.plug(True), "on": on, "off": lambda: self.end("qemu"),
                    "reset": lambda: (self.end("qemu"), on()), "cut": lambda: self.end("line"),
                    "unplug": self.unplug, **further}
        if words == ["plug", "--no-tcp"]:
            self.plug(False)
        elif len(words) == 2 and words[0] == "lose" and words[1].isdigit():
            (self.folder / "lose").write_text(words[1])
        elif len(words) == 1 and words[0] in commands:
            commands[words[0]]()
        else:
            return False
        return True


def pass_on(bytes_, master):
    """Who does not read loses what does not fit, as on a real line, instead of stopping the board."""
    while bytes_ and select.select([], [master], [], 0.2)[1]:
        bytes_ = bytes_[os.write(master, bytes_):]


def in_background(function):
    if os.fork():
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    function()
