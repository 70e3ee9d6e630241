"""Builds the wheel with CMake: PEP 517 without a single package from elsewhere.

    pip install ./sdk/python
    python sdk/python/build_backend.py FOLDER [BUILD]     makes the wheel in FOLDER, from a build folder that has
                                                          compiled steno_python and steno_embedded_sdk already

A build folder that is there already (its path from the project's folder) is also taken by
`pip install --config-settings build-dir=build/release ./sdk/python`.
"""

import base64
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import sysconfig
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
EPOCH = (2026, 1, 1, 0, 0, 0)  # of all files in the wheel: the same sources give the same wheel


def version():
    return re.search(r"project\(steno VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())[1]


def tag():
    python = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    return f"{python}-{python}-{platform}"


def metadata():
    return (f"Metadata-Version: 2.1\nName: steno\nVersion: {version()}\n"
            "Summary: The flight recorder for AI calls: tracking inside your program\n"
            "License: Apache-2.0\nRequires-Python: >=3.9\n")


def built_libraries(build):
    """What is compiled, in a build folder, which is made if it is not there: the extension, and what it loads to write into
    a data folder, by the name that it asks for."""
    name = "_core" + sysconfig.get_config_var("EXT_SUFFIX")
    if not (build / "CMakeCache.txt").is_file():
        subprocess.run(["cmake", "--preset", "release", "-S", ROOT, "-B", build, "-DSTENO_BUILD_TESTS=OFF",
                        "-DSTENO_BUILD_UI=OFF", "-DSTENO_BUILD_PROGRAM=OFF", f"-DPython3_EXECUTABLE={sys.executable}"],
                       check=True, cwd=ROOT)
    jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL") or str(os.cpu_count() or 1)
    subprocess.run(["cmake", "--build", build, "--target", "steno_python", "steno_embedded_sdk", "-j", jobs], check=True)
    return [build / "src/python" / name, build / f"src/embedded/libsteno_embedded.so.{version().rpartition('.')[0]}"]


def make_wheel(folder, libraries):
    name = f"steno-{version()}"
    wheel = pathlib.Path(folder) / f"{name}-{tag()}.whl"
    files = {f"steno/{path.relative_to(HERE / 'src/steno').as_posix()}": path.read_bytes()
             for path in sorted((HERE / "src/steno").rglob("*")) if path.suffix in (".py", ".pyi", ".typed")}
    files.update({f"steno/{library.name}": library.read_bytes() for library in libraries})
    files[f"{name}.dist-info/METADATA"] = metadata().encode()
    files[f"{name}.dist-info/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: steno\nRoot-Is-Purelib: false\nTag: {tag()}\n".encode())
    record = ""
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        def put(path, content):
            info = zipfile.ZipInfo(path, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o755 if ".so" in path else 0o644) << 16
            archive.writestr(info, content)

        for path, content in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(content)}\n"
            put(path, content)
        put(f"{name}.dist-info/RECORD", record + f"{name}.dist-info/RECORD,,\n")
    return wheel.name


# The hooks of PEP 517.


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    folder = pathlib.Path(metadata_directory) / f"steno-{version()}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(metadata())
    return folder.name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    named = (config_settings or {}).get("build-dir")
    build = ROOT / (named or f"build/python-{sys.version_info[0]}.{sys.version_info[1]}")
    return make_wheel(wheel_directory, built_libraries(build))


def build_sdist(sdist_directory, config_settings=None):
    raise NotImplementedError("the sources are the whole project; install from its folder: pip install ./sdk/python")


if __name__ == "__main__":
    os.makedirs(sys.argv[1], exist_ok=True)
    print(build_wheel(sys.argv[1], {"build-dir": sys.argv[2]} if len(sys.argv) > 2 else None))
