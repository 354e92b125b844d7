"""A fork of a process that has loaded the program's modules behaves like a new process."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import forked_commands

#: What differs between two commands: their arguments, environment, folders and streams.
OF_ONE_COMMAND = {
    *("argv", "environ", "getenv", "cwd", "getcwd", "home", "expanduser", "gettempdir"),
    *("isatty", "stdin", "stdout", "stderr", "getlocale", "tzset"),
}


def attributes_read_while_loading(tree: ast.AST) -> Iterator[str]:
    """Yield the names of the attributes that a module reads outside its functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Attribute):
            yield node.attr
        yield from attributes_read_while_loading(node)


def loaded_files() -> list[Path]:
    """Return the files of the program's modules that are loaded before the fork."""
    code = (
        "import sys, forked_commands\nforked_commands.load_modules()\n"
        "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('batch_import')))"
    )
    folder = Path(forked_commands.__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    return [Path(name) for name in done.stdout.split()]


def test_no_module_reads_what_differs_between_commands_while_it_is_loaded() -> None:
    files = loaded_files()
    assert len(files) > 200
    found = {
        (file.name, name)
        for file in files
        for name in attributes_read_while_loading(ast.parse(file.read_text("utf-8")))
        if name in OF_ONE_COMMAND
    }
    assert found == set()


def test_a_name_that_is_read_while_a_module_is_loaded_is_found() -> None:
    tree = ast.parse("import os\nHOME = os.environ['HOME']\ndef f():\n    return os.getenv('A')\n")
    assert set(attributes_read_while_loading(tree)) & OF_ONE_COMMAND == {"environ"}
