"""LiteLLM's proxy, installed into an environment of its own and started as its documentation says for production: one
process, without a database, quiet. Used by bench.py.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from loadtest.servers import Workshop
from loadtest.servers.child import Child, StartFailed, free_ports, spawn

VERSION: Final = "1.108.7"
PACKAGE: Final = f"litellm[proxy]=={VERSION}"
FOLDER: Final = Path(__file__).parent.parent.parent / ".venv.litellm"
INSTALL_SECONDS: Final = 600.0
"""For some 120 packages; half a minute where they are near."""
START_SECONDS: Final = 300.0
"""It imports for a quarter of a minute on an idle machine."""
KEY: Final = "sk-bench"


async def install(workshop: Workshop) -> None:
    """Once per version. Raises StartFailed with what pip said."""
    stamp = FOLDER / "installed"
    if stamp.exists() and stamp.read_text() == PACKAGE:
        return
    workshop.say(f"installing {PACKAGE} (once)")
    await _run(sys.executable, "-m", "venv", "--clear", str(FOLDER))
    await _run(str(FOLDER / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input", PACKAGE)
    stamp.write_text(PACKAGE)


async def start(workshop: Workshop, upstream: str, models: Mapping[str, str]) -> tuple[Child, int]:
    """The proxy for these models (its name for each: what the stand-in at `upstream` calls it), and its port."""
    settings = workshop.folder / "litellm.json"
    settings.write_text(json.dumps(_settings(upstream, models)))  # YAML holds all of JSON
    (port,) = free_ports(1)
    child = await spawn(
        "litellm",
        [str(FOLDER / "bin" / "litellm"), "--host", "127.0.0.1", "--port", str(port), "--config", str(settings)],
        ready="Set models",
        environment=os.environ
        | {
            "LITELLM_MODE": "PRODUCTION",
            "LITELLM_LOG": "ERROR",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # it would ask GitHub for it
            "NO_PROXY": "127.0.0.1",
        },
        folder=workshop.folder,
        seconds=START_SECONDS,
    )
    try:
        await _listening(port)
    except BaseException:
        await child.stop()
        raise
    return child, port


async def _listening(port: int) -> None:
    """Quiet as it is, it does not say when it listens, some moments after it named its models. Raises StartFailed."""
    for _ in range(int(START_SECONDS / 0.1)):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise StartFailed("litellm does not listen")


def _settings(upstream: str, models: Mapping[str, str]) -> dict[str, object]:
    listed = [
        {"model_name": name, "litellm_params": {"model": f"openai/{said}", "api_base": upstream, "api_key": "standin"}}
        for name, said in models.items()
    ]
    return {
        "model_list": listed,
        "litellm_settings": {"set_verbose": False, "telemetry": False},
        "general_settings": {"master_key": KEY},
    }


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(INSTALL_SECONDS):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        raise StartFailed(f"{' '.join(command)}:\n{output.decode(errors='replace')[-2000:]}")
