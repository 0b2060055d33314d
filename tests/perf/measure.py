#!/usr/bin/env python3
"""Measures gonogo through a terminal of its own, as ratios to examples/floor.rs in the same run:
start to first picture, key to changed screen, bytes written, idle CPU and wake-ups, memory, size.

  tests/perf/measure.py [--services 1000] [--size 200x50] [--starts 20] [--keys 300] [--idle 10] [--json] [--strict]

It builds both with `cargo build --release` unless --no-build, serves a made-up forge with
`gonogo sim --services N`, and lets gonogo fill its cache from it once. Needs nothing but Python.
It prints one Markdown table, as it stands in docs/performance.md. --strict ends with 1 if a budget is broken.

`first_facts` is from the very first start to the first version on screen, `first` from a start with
a cache to the first read after which the screen names a service, `key` from the write of a key to the
first read after which the screen looks different. Milliseconds only orient: the machine's speed
varies, so the programs take turns and ratios are what counts.
"""
import argparse, fcntl, json, os, pty, random, re, select, signal, sqlite3, struct, subprocess, sys, tempfile, termios, time, urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class Screen:
    """As much of a terminal as ratatui writes to: cells with text and style."""

    TOKEN = re.compile(rb"\x1b\[([0-9;?]*)([a-zA-Z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()=>78][0-9AB]?|\x1b.|([^\x1b]+)", re.S)
    # A sequence, or a character of several bytes, of which the rest has not been read yet.
    PART = re.compile(rb"(?:\x1b(?:\[[0-9;?<>=]*|\][^\x07\x1b]*)?|[\xc0-\xff][\x80-\xbf]{0,2})$")

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.row = self.column = 0
        self.style = b""
        self.cells = {}
        self.rest = b""

    def feed(self, data):
        data, self.rest = self.rest + data, b""
        part = self.PART.search(data)
        if part and not self.whole(data[part.start():]):
            data, self.rest = data[: part.start()], data[part.start():]
        for token in self.TOKEN.finditer(data):
            arguments, final, text = token.groups()
            if text is not None:
                self.write(text.decode("utf-8", "replace"))
            elif final == b"C":
                self.column += int(arguments or 1)
            elif final == b"G":
                self.column = int(arguments or 1) - 1
            elif final == b"X":
                for column in range(self.column, self.column + int(arguments or 1)):
                    self.cells[self.row, column] = (" ", self.style)
            elif final == b"H":
                row, _, column = (arguments or b"").partition(b";")
                self.row, self.column = int(row or 1) - 1, int(column or 1) - 1
            elif final == b"m":
                fresh = arguments == b"" or (arguments + b";").startswith(b"0;")
                self.style = arguments.removeprefix(b"0").lstrip(b";") if fresh else self.style + b";" + arguments
            elif final == b"J":
                self.cells.clear()

    @staticmethod
    def whole(tail):
        if tail[:1] == b"\x1b":
            return False
        return len(tail) >= (2 if tail[0] < 0xE0 else 3 if tail[0] < 0xF0 else 4)

    def write(self, text):
        for sign in text:
            if sign == "\n":
                self.row += 1
            elif sign == "\r":
                self.column = 0
            elif sign >= " ":
                self.cells[self.row, self.column] = (sign, self.style)
                self.column += 1

    def text(self):
        return "\n".join("".join(self.cells.get((y, x), " ")[0] for x in range(self.columns)) for y in range(self.rows))


class Program:
    """A program in a terminal of its own."""

    def __init__(self, argv, size, env):
        self.screen = Screen(*size)
        self.total = 0
        self.begun = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            os.execve(argv[0], argv, env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def read(self, timeout):
        """One read: when it came, or None."""
        if not select.select([self.fd], [], [], max(0, timeout))[0]:
            return None
        try:
            data = os.read(self.fd, 1 << 20)
        except OSError:
            data = b""
        at = time.perf_counter()
        if not data:
            raise SystemExit("the program ended:\n" + self.screen.text())
        self.total += len(data)
        # A terminal's answers to what a program may ask of it.
        for asked, answer in ((b"\x1b[6n", b"\x1b[1;1R"), (b"\x1b[c", b"\x1b[?64c"), (b"\x1b[?u", b"\x1b[?0u")):
            if asked in data:
                os.write(self.fd, answer)
        self.screen.feed(data)
        return at

    def until(self, seen, timeout=30):
        """Reads until the screen is as wanted; returns the seconds since the start."""
        end = time.perf_counter() + timeout
        while time.perf_counter() < end:
            at = self.read(end - time.perf_counter())
            if at and seen(self.screen):
                return at - self.begun
        raise SystemExit("it never came; the screen was:\n" + self.screen.text())

    def calm(self, quiet=0.05, most=1.0):
        end = time.perf_counter() + most
        while time.perf_counter() < end and self.read(quiet):
            pass

    def key(self, key):
        """Presses a key: seconds until the screen differs, and the bytes that were written."""
        while self.read(0):
            pass
        before, written = dict(self.screen.cells), self.total
        start = time.perf_counter()
        os.write(self.fd, key)
        while time.perf_counter() < start + 1:
            at = self.read(start + 1 - time.perf_counter())
            if at and self.screen.cells != before:
                self.calm(0.008, 0.05)
                return at - start, self.total - written
        return None, 0

    def used(self):
        """CPU seconds and wake-ups so far, over all threads."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        wakes = 0
        for task in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{task}/status") as status:
                wakes += sum(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt"))
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS, wakes

    def memory(self):
        with open(f"/proc/{self.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024

    def close(self):
        os.write(self.fd, b"q")
        end = time.monotonic() + 5
        while time.monotonic() < end:
            try:
                if select.select([self.fd], [], [], 0.02)[0]:
                    os.read(self.fd, 1 << 16)
            except OSError:
                pass
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                os.close(self.fd)
                return
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part / 100))]


def named(screen):
    return "svc-" in screen.text()


def first_pictures(programs, starts, size):
    """Starts A B A B, so that both see the same weather."""
    took = {name: [] for name in programs}
    for _ in range(starts):
        for name, (argv, env) in programs.items():
            program = Program(argv, size, env)
            took[name].append(program.until(named) * 1000)
            program.calm()
            program.close()
    return took


def presses(program, count):
    took, written, missed = [], [], 0
    for turn in range(count):
        time.sleep(0.02 + random.random() * 0.02)
        # Down a screenful and up again, with the selection moving at every press.
        after, size = program.key(b"j" if turn % 60 < 30 else b"k")
        if after is None:
            missed += 1
        else:
            took.append(after * 1000)
            written.append(size)
    return took, written, missed


def pressed_in_turns(programs, count):
    """Keys of each, a screenful by turns: the speed of a shared machine changes from minute to minute."""
    results = {name: ([], [], 0) for name in programs}
    for _ in range(0, count, 60):
        for name, program in programs.items():
            program.calm(0.02, 0.2)
            took, written, missed = presses(program, 60)
            of = results[name]
            results[name] = (of[0] + took, of[1] + written, of[2] + missed)
    return results


def quiet(program, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        program.read(end - time.monotonic())


def idle(program, seconds):
    program.calm(0.3, 3)
    (cpu, wakes), total = program.used(), program.total
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        program.read(end - time.monotonic())
    (cpu_after, wakes_after) = program.used()
    return 100 * (cpu_after - cpu) / seconds, (wakes_after - wakes) / seconds, (program.total - total) / seconds


def offline(argv, env, runs):
    """How long `status --json --offline` takes, from start to end."""
    took = []
    for _ in range(runs):
        begun = time.perf_counter()
        # Whatever is stale says so by the exit code.
        subprocess.run([*argv, "--offline", "status", "--json"], env=env, stdout=subprocess.DEVNULL)
        took.append((time.perf_counter() - begun) * 1000)
    return percentile(took, 50)


def table(results):
    """One row for each budget: what, floor, gonogo, ratio, budget."""
    rows = [
        ("start → first picture from the cache, ms", "first_floor_ms", "first_gonogo_ms", 1.5, None),
        ("key → changed screen, p50, ms", "key_floor_p50_ms", "key_gonogo_p50_ms", 1.3, None),
        ("key → changed screen, p99, ms", "key_floor_p99_ms", "key_gonogo_p99_ms", None, 4),
        ("the same while everything is read for the first time, p99, ms", None, "busy_key_p99_ms", None, 8),
        ("bytes for a key", "key_floor_bytes", "key_gonogo_bytes", None, 700),
        ("processor, polling at 15 s, %", "idle_floor_cpu_percent", "idle_gonogo_cpu_percent", None, 1),
        ("wake-ups a second, polling at 15 s", "idle_floor_wakes_per_s", "idle_gonogo_wakes_per_s", None, None),
        ("bytes a second with no key", "idle_floor_bytes_per_s", "idle_gonogo_bytes_per_s", None, None),
        ("memory (RSS), MB", "rss_floor_mb", "rss_gonogo_mb", None, 24),
        ("program, MB", "size_floor_mb", "size_gonogo_mb", None, 15),
        ("first start → first version on screen, ms", None, "first_facts_ms", None, None),
        ("`status --json --offline`, ms", "first_floor_ms", "offline_ms", 2, None),
    ]
    lines = ["| what | floor | gonogo | ratio | budget | |", "|---|---:|---:|---:|---:|---|"]
    for what, floor, ours, ratio_most, most in rows:
        low, value = results[floor] if floor else None, results[ours]
        ratio = value / low if low else None
        over = (ratio_most and ratio and ratio > ratio_most) or (most is not None and value > most)
        budget = f"≤ {ratio_most} ×" if ratio_most else f"≤ {most}" if most is not None else ""
        shown = [f"{number:.2f}".rstrip("0").rstrip(".") if number is not None else "" for number in (low, value, ratio)]
        lines.append(f"| {what} | {shown[0]} | {shown[1]} | {shown[2]} | {budget} | {'over' if over else ''} |")
    return "\n".join(lines)


def settled(control, most=120):
    """Waits until gonogo has read everything that it reads once: until the forge is asked little."""
    def asked():
        with urllib.request.urlopen(f"{control}/requests") as answer:
            return len(json.load(answer))

    end, before = time.monotonic() + most, asked()
    while time.monotonic() < end:
        yield
        now = asked()
        if now - before <= 20:
            return
        before = now


def database(path, services):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE cell (service TEXT NOT NULL, text TEXT NOT NULL)")
        cells = ((f"svc-{row:04}", f"1.{row % 40}.0  OK") for row in range(services) for _ in range(5))
        connection.executemany("INSERT INTO cell VALUES (?, ?)", cells)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("--services", 1000), ("--starts", 20), ("--keys", 300), ("--idle", 10)):
        parser.add_argument(name, type=int, default=value)
    parser.add_argument("--size", default="200x50")
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--dev", action="store_true", help="debug builds: to try this script, not the program")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args()
    size = tuple(map(int, options.size.split("x")))
    # So that what was started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if not options.no_build:
        profile = [] if options.dev else ["--release"]
        subprocess.run(["cargo", "build", *profile, "--bin", "gonogo", "--example", "floor"], cwd=ROOT, check=True)
    folder = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
    target = os.path.join(folder, "debug" if options.dev else "release")
    gonogo, floor = os.path.join(target, "gonogo"), os.path.join(target, "examples", "floor")
    results = {}
    with tempfile.TemporaryDirectory() as home:
        env = {"HOME": home, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "PATH": os.environ["PATH"], "USER": "alice"}
        config, cells = os.path.join(home, "gonogo.toml"), os.path.join(home, "cells.db")
        database(cells, options.services)
        sim = subprocess.Popen(
            [gonogo, "sim", "--services", str(options.services), "--write-config", config], env=env, stdout=subprocess.PIPE
        )
        try:
            control = json.loads(sim.stdout.readline())["control"]
            programs = {"floor": ([floor, cells], env), "gonogo": ([gonogo, "--config", config], env)}
            program = Program(*programs["gonogo"][:1], size, env)
            fresh = program.until(lambda screen: "v1." in screen.text(), 120)
            # Keys while the rest is being read for the first time.
            took, _, missed = presses(program, options.keys // 2)
            results["busy_key_p50_ms"], results["busy_key_p99_ms"] = percentile(took, 50), percentile(took, 99)
            results["busy_key_missed"] = missed
            for _ in settled(control):
                end = time.monotonic() + 5
                while time.monotonic() < end:
                    program.read(end - time.monotonic())
            program.close()
            results["first_facts_ms"] = fresh * 1000

            for name, took in first_pictures(programs, options.starts, size).items():
                results[f"first_{name}_ms"] = percentile(took, 50)
            results["offline_ms"] = offline(*programs["gonogo"], options.starts // 2 + 1)
            live = {}
            for name, (argv, env) in programs.items():
                live[name] = Program(argv, size, env)
                live[name].until(named)
                # What a start reads anew is not what a quiet evening costs.
                quiet(live[name], 8 if name == "gonogo" else 0.5)
            for name, (took, written, missed) in pressed_in_turns(live, options.keys).items():
                results[f"key_{name}_p50_ms"], results[f"key_{name}_p99_ms"] = percentile(took, 50), percentile(took, 99)
                results[f"key_{name}_bytes"], results[f"key_{name}_missed"] = percentile(written, 50), missed
            for name, program in live.items():
                cpu, wakes, written = idle(program, options.idle)
                results[f"idle_{name}_cpu_percent"], results[f"idle_{name}_wakes_per_s"] = cpu, wakes
                results[f"idle_{name}_bytes_per_s"], results[f"rss_{name}_mb"] = written, program.memory()
                program.close()
        finally:
            sim.terminate()
            sim.wait()
    for name, path in (("floor", floor), ("gonogo", gonogo)):
        results[f"size_{name}_mb"] = os.stat(path).st_size / 1e6
    results["first_ratio"] = results["first_gonogo_ms"] / results["first_floor_ms"]
    results["key_ratio"] = results["key_gonogo_p50_ms"] / results["key_floor_p50_ms"]
    budgets = {
        "first_ratio": 1.5,
        "key_ratio": 1.3,
        "idle_gonogo_cpu_percent": 1.0,
        "rss_gonogo_mb": 24,
        "size_gonogo_mb": 15,
        "key_gonogo_bytes": 700,
        "key_gonogo_missed": 0,
        "busy_key_missed": 0,
    }
    broken = [name for name, most in budgets.items() if results[name] > most]
    if options.json:
        print(json.dumps({name: round(value, 3) for name, value in results.items()} | {"broken": broken}))
    else:
        print(f"{options.services} services, {options.size}\n\n{table(results)}")
    return 1 if options.strict and broken else 0


if __name__ == "__main__":
    sys.exit(main())
