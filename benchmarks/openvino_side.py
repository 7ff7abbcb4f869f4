"""OpenVINO GenAI's continuous batching: `python -m benchmarks.openvino_side FOLDER THREADS`.

For an interpreter that has openvino-genai, and optimum-intel to convert the model: `--openvino PYTHON` names it.
The converted model is kept beside the original, in FOLDER/openvino, by a child process that ends with its work.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy
import openvino
from openvino_genai import ContinuousBatchingPipeline, GenerationConfig, SchedulerConfig

from benchmarks.sides import serve

_CONVERT = (
    "import sys; from optimum.exporters.openvino import main_export; "
    "main_export(sys.argv[1], sys.argv[2], task='text-generation-with-past', convert_tokenizer=True)"
)


def main(folder: Path, threads: int) -> None:
    """Convert the model, load it, serve."""
    converted = folder / "openvino"
    subprocess.run([sys.executable, "-c", _CONVERT, str(folder), str(converted)], check=True, stdout=sys.stderr)
    scheduler = SchedulerConfig()
    scheduler.cache_size = 1  # GB
    scheduler.max_num_batched_tokens = 512
    # Given one thread, version 2026.4 ends with a division by zero; then this side is left out.
    pipeline = ContinuousBatchingPipeline(str(converted), scheduler, "CPU", {"INFERENCE_NUM_THREADS": threads})

    def continuous_batching(prompts: list[list[int]], new_tokens: int) -> int:
        config = GenerationConfig()
        config.max_new_tokens, config.do_sample, config.ignore_eos = new_tokens, False, True
        handles = [
            pipeline.add_request(number, openvino.Tensor(numpy.array([prompt])), config)
            for number, prompt in enumerate(prompts)
        ]
        while pipeline.has_non_finished_requests():
            pipeline.step()
        return sum(len(output.generated_ids) for handle in handles for output in handle.read_all())

    serve({"openvino": continuous_batching}, {"describe": dict})


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
