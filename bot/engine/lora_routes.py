"""LoRA weights at a vLLM server, by the endpoints that load and unload them while it runs.

https://docs.vllm.ai/en/latest/features/lora/ has them: POST /v1/load_lora_adapter and /v1/unload_lora_adapter, which
are there only with VLLM_ALLOW_RUNTIME_LORA_UPDATING=True. The server reads the folder itself, and forgets what was
loaded when it restarts.
"""

from __future__ import annotations

import re

import openai

from bot.engine.completions import Unavailable, said, unavailable
from bot.errors import ModelError

_SWITCHES = "start vLLM with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"
_LOADED_ALREADY = re.compile(r"already been loaded", re.IGNORECASE)
_NO_FOLDER = re.compile(r"no adapter found|no such file|not a (valid )?local (directory|folder)", re.IGNORECASE)
_NO_LORA = re.compile(r"lora is not enabled", re.IGNORECASE)
_RANK = re.compile(r"rank (\d+) is greater than max_lora_rank", re.IGNORECASE)


async def load(client: openai.AsyncOpenAI, name: str, folder: str) -> None:
    """Load a folder's weights under a name; weights of this name that are there already are the ones meant.

    Raises:
        ModelError: the server has no such endpoint, or refuses the weights; with the remedy.
        Unavailable: nobody answers.
    """
    try:
        await _post(client, "load", lora_name=name, lora_path=folder)
    except openai.APIStatusError as error:
        if not _LOADED_ALREADY.search(said(error)):
            raise _our_error(client, error, folder) from error
    except (openai.OpenAIError, TimeoutError) as error:
        raise unavailable(error) from error


async def unload(client: openai.AsyncOpenAI, name: str) -> None:
    """Unload the weights of a name; none of this name is nothing to do.

    Raises:
        Unavailable: the server did not do it.
    """
    try:
        await _post(client, "unload", lora_name=name)
    except openai.NotFoundError:
        return
    except (openai.OpenAIError, TimeoutError) as error:
        raise unavailable(error) from error


async def _post(client: openai.AsyncOpenAI, act: str, **body: str) -> None:
    await client.post(f"/{act}_lora_adapter", cast_to=str, body=body)


def _our_error(client: openai.AsyncOpenAI, error: openai.APIStatusError, folder: str) -> ModelError | Unavailable:
    """A refusal as ours, most specific first."""
    text, server = said(error), str(client.base_url)
    if _NO_LORA.search(text):
        return ModelError(f"The server at {server} has LoRA switched off: {_SWITCHES}.")
    if rank := _RANK.search(text):
        return ModelError(
            f"The weights' rank {rank[1]} is too large for the server at {server}: start vLLM with --max-lora-rank "
            f"{rank[1]} or more, or train weights of a lower rank."
        )
    if _NO_FOLDER.search(text):
        return ModelError(
            f"The server at {server} does not see the folder {folder}: give it the data folder under the same path."
        )
    match error:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return ModelError(f"The server at {server} refuses the key ({error.status_code}): check ENGINE_KEY.")
        case openai.APIStatusError() if error.status_code in (404, 405, 501):
            return ModelError(f"The server at {server} takes no LoRA weights while it runs: {_SWITCHES}.")
        case openai.APIStatusError() if 400 <= error.status_code < 500 and error.status_code not in (408, 409, 429):
            return ModelError(f"The server at {server} refuses the weights in {folder}: {text}")
    return unavailable(error)
