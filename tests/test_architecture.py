"""Rules about the repository as a whole."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.launch.settings import CHECKOUT

LONGEST_FILE = 350  # lines; past that, split by noun
FOLDERS = ("ai_router", "gateway", "loadtest", "rooms", "schemas", "store", "workers", "tests")


def sources() -> list[Path]:
    found = [
        path for folder in FOLDERS for path in (CHECKOUT / folder).rglob("*.py") if "node_modules" not in path.parts
    ]
    return [*found, CHECKOUT / "atrium"]


def test_the_arrows_hold() -> None:
    """Imports follow the architecture as pyproject.toml states it."""
    program = Path(sys.executable).parent / "lint-imports"
    checked = subprocess.run([program, "--no-cache"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_files_stay_small() -> None:
    """No file is longer than 350 lines."""
    lengths = {str(path.relative_to(CHECKOUT)): len(path.read_text().splitlines()) for path in sources()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_every_module_says_what_it_is() -> None:
    """Each Python file begins with a docstring."""
    silent = [
        str(path.relative_to(CHECKOUT))
        for path in sources()
        if (text := path.read_text().strip()) and not re.match(r'(#.*\n)*r?"""', text)
    ]
    assert silent == []


SERVED = ("ai_router", "gateway", "rooms", "schemas", "store", "workers")
STARTS_PROCESSES = CHECKOUT / "gateway" / "launch"
CODE_FROM_DATA = {"eval", "exec", "compile", "__import__"}
UNSAFE_MODULES = {"pickle", "marshal", "shelve", "subprocess", "pty", "xml", "lxml", "yaml", "ctypes", "jinja2"}


LAUNCHING = {"subprocess", "ctypes"}


def dangers(tree: ast.AST) -> list[str]:
    """Calls and imports through which data could become code, a command or an external entity."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in CODE_FROM_DATA:
                found.append(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="system" | "popen" as name)):
                found.append(f"os.{name}")
            case ast.Call(keywords=words) if any(
                word.arg == "shell" and not (isinstance(word.value, ast.Constant) and word.value.value is False)
                for word in words
            ):
                found.append("shell=")
            case ast.Import(names=names):
                found += [each.name for each in names if each.name.split(".")[0] in UNSAFE_MODULES]
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in UNSAFE_MODULES:
                found.append(module)
    return found


def test_data_become_no_code() -> None:
    """Nothing that serves evaluates text, unpickles, reads XML, or starts programs; `up` does, without a shell."""
    found = {}
    for folder in SERVED:
        for path in (CHECKOUT / folder).rglob("*.py"):
            there = set(dangers(ast.parse(path.read_text())))
            if there := there - LAUNCHING if STARTS_PROCESSES in path.parents else there:
                found[str(path.relative_to(CHECKOUT))] = there
    assert found == {}
    assert dangers(ast.parse("import pickle; eval(x); os.system(x); run(x, shell=True)")) != []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_name_hashes_and_no_addresses(name: str) -> None:
    """Every package of a lock is pinned and hashed, and no index is named."""
    text = (CHECKOUT / name).read_text()
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+(\[[\w,-]+\])?==\S+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]
    assert "://" not in text


@pytest.mark.parametrize("folder", ["tests/clients/js", "loadtest/peers"])
def test_npm_locks_name_hashes_and_no_addresses(folder: str) -> None:
    """The same of npm's: each package has a version and a hash, and comes from whatever registry is configured."""
    packages = json.loads((CHECKOUT / folder / "package-lock.json").read_text())["packages"]
    assert len(packages) > 20
    for name, package in packages.items():
        asked = {**package.get("dependencies", {}), **package.get("optionalDependencies", {})}
        assert not any(":" in version.removeprefix("npm:") for version in asked.values()), name
        if name:
            assert re.fullmatch(r"\d+\.\d+\.\d+\S*", package["version"]), name
            assert package["integrity"].startswith("sha512-"), name
            assert "resolved" not in package, name
