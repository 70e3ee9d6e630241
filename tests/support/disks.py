"""Disks in files, whose power can be cut: an ext4 on a loop device over an image that lies on an XFS.

Both loop devices use direct I/O, so the image holds what ext4 has handed to its disk and nothing of any page cache. A
reflink of the image (one atomic operation of XFS) is what would be left had the power gone at that moment. What is not
simulated: a disk that loses its own write cache, or reorders what is in it; here everything that reached the disk is
kept, flushed or not."""

import os
import pathlib
import shutil
import subprocess
import tempfile

NEEDED = ("losetup", "mount", "umount", "mkfs.xfs", "mkfs.ext4", "cp")


def _run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise OSError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout.strip()


class Mounted:
    """An image, mounted through a loop device."""

    def __init__(self, image, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.device = _run("losetup", "--direct-io=on", "--find", "--show", image)
        try:
            _run("mount", self.device, self.folder)
        except OSError:
            _run("losetup", "-d", self.device)
            raise

    def close(self):
        _run("umount", self.folder)
        _run("losetup", "-d", self.device)

    def __enter__(self):
        return self.folder

    def __exit__(self, *_):
        self.close()


class PowerStrip:
    """Images on an XFS of their own; `cut()` gives the disk as a loss of power would leave it now."""

    def __init__(self, megabytes=3000):
        # Not among pytest's folders: another run of pytest tidies those up, mounted or not.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="steno-disks-"))
        outer = self.folder / "outer.xfs"
        with open(outer, "wb") as file:
            file.truncate(megabytes << 20)
        _run("mkfs.xfs", "-q", "-f", "-m", "reflink=1", outer)
        self.outer = Mounted(outer, self.folder / "images")
        self.count = 0

    def new_disk(self, megabytes=300):
        image = self.outer.folder / f"disk-{self.count}.img"
        self.count += 1
        with open(image, "wb") as file:
            file.truncate(megabytes << 20)
        _run("mkfs.ext4", "-q", "-F", "-b", "4096", image)
        return image

    def cut(self, image):
        copy = self.outer.folder / f"cut-{self.count}.img"
        self.count += 1
        _run("cp", "--reflink=always", image, copy)
        return copy

    def mount(self, image):
        return Mounted(image, self.folder / f"mounted-{image.stem}")

    def close(self):
        self.outer.close()
        shutil.rmtree(self.folder)


def reason_to_skip():
    """Why disks cannot be made here; None if they can."""
    if os.geteuid() != 0:
        return "only root can make loop devices and mount them"
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        return f"missing: {' '.join(missing)}"
    try:
        strip = PowerStrip(megabytes=400)
    except OSError as error:
        return f"no loop devices or no XFS here: {error}"
    strip.close()
    return None
