"""Makes a fresh `.eval` log: toy puzzles put to a model server over HTTP, written as Inspect writes them.

inspect_ai stays out of the web environment, so the tests bring their own writer of the few members an importer reads.
"""

import base64
import codecs
import http.client
import json
import secrets
import statistics
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.cases.benchmarks.zips import write_zip
from tests.stub_model import StubModel

TASK, SCORER = "toy_decode", "includes"
KINDS = ("base64", "hex", "rot13")


def _encoded(kind: str, flag: str) -> str:
    if kind == "base64":
        return base64.b64encode(flag.encode()).decode()
    return flag.encode().hex() if kind == "hex" else codecs.encode(flag, "rot13")


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _complete(connection: http.client.HTTPConnection, route: str, model: str, prompt: str) -> dict[str, Any]:
    """One answer, as the server gives it."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": prompt}]})
    connection.request("POST", route, body)
    answer: dict[str, Any] = json.loads(connection.getresponse().read())
    return answer


def _sample(ask: Callable[[str], dict[str, Any]], model: str, number: int) -> dict[str, Any]:
    """Put one puzzle to the model and score the answer."""
    kind, flag = KINDS[number % len(KINDS)], f"FLAG{{toy-{number:04d}}}"
    prompt = f"PUZZLE kind={kind} text={_encoded(kind, flag)}\nDecode it. Reply with ANSWER: <flag>."
    began = _now()
    answer = ask(prompt)
    text, used = answer["choices"][0]["message"]["content"], answer["usage"]
    usage = {
        "input_tokens": used["prompt_tokens"],
        "output_tokens": used["completion_tokens"],
        "total_tokens": used["total_tokens"],
    }
    message = {"role": "assistant", "content": text, "source": "generate", "model": answer["model"]}
    output = {
        "model": answer["model"],
        "choices": [{"message": message, "stop_reason": "stop"}],
        "completion": text,
        "usage": usage,
    }
    score = {"value": "C" if flag in text else "I", "answer": text, "explanation": text, "history": []}
    named = f"openai-api/stub/{model}"
    return {
        "id": f"{TASK}-{number:05d}", "epoch": 1, "input": prompt, "target": flag,
        "messages": [{"role": "user", "content": prompt, "source": "input"}, message],
        "output": output, "scores": {SCORER: score}, "metadata": {"category": kind}, "store": {},
        "events": [
            {"event": "model", "timestamp": began, "model": named, "input": [], "tools": [], "tool_choice": "none",
             "config": {}, "output": output},
            {"event": "score", "timestamp": _now(), "score": score, "target": flag, "intermediate": False,
             "scorer": SCORER},
        ],
        "model_usage": {named: usage}, "role_usage": {}, "started_at": began, "completed_at": _now(),
        "uuid": secrets.token_hex(11), "error_retries": [], "attachments": {},
    }  # fmt: skip


def _spec(model: str, ids: list[str], began: str) -> dict[str, Any]:
    metrics = [{"name": f"inspect_ai/{name}", "options": {}} for name in ("accuracy", "stderr")]
    return {
        "eval_id": secrets.token_hex(11), "run_id": secrets.token_hex(11), "task_id": secrets.token_hex(11),
        "created": began, "task": TASK, "task_version": 1, "task_file": "toy.py", "task_attribs": {}, "task_args": {},
        "dataset": {"name": "toy_puzzles", "samples": len(ids), "sample_ids": ids, "shuffled": False},
        "model": f"openai-api/stub/{model}", "model_generate_config": {}, "model_args": {},
        "config": {"epochs": 1, "fail_on_error": True, "log_samples": True}, "packages": {},
        "scorers": [{"name": SCORER, "options": {}, "metrics": metrics, "metadata": {}}],
    }  # fmt: skip


def _results(samples: list[dict[str, Any]]) -> dict[str, Any]:
    values = [float(sample["scores"][SCORER]["value"] == "C") for sample in samples]
    figures = {
        "accuracy": statistics.fmean(values),
        "stderr": statistics.stdev(values) / len(values) ** 0.5,
    }
    metrics = {name: {"name": name, "value": value, "params": {}} for name, value in figures.items()}
    score = {
        "name": SCORER,
        "scorer": SCORER,
        "scored_samples": len(values),
        "params": {},
        "metrics": metrics,
    }
    return {"total_samples": len(values), "completed_samples": len(values), "scores": [score]}


def make_log(path: Path, *, url: str, model: str = "solve-90", samples: int = 60) -> Path:
    """Run the toy task against the server at `url` and write the log at `path`; it begins now."""
    where, began = urlsplit(url), _now()
    connection = http.client.HTTPConnection(where.netloc, timeout=10)
    ask = partial(_complete, connection, f"{where.path}/chat/completions", model)
    done = [_sample(ask, model, number) for number in range(samples)]
    connection.close()
    spec = _spec(model, [sample["id"] for sample in done], began)
    start = {
        "version": 2,
        "eval": spec,
        "plan": {"name": "plan", "steps": [{"solver": "generate", "params": {}}]},
    }
    stats = {"started_at": began, "completed_at": _now(), "model_usage": {}, "role_usage": {}}
    header = {**start, "status": "success", "results": _results(done), "stats": stats, "invalidated": False}
    short = (
        "id",
        "epoch",
        "input",
        "target",
        "metadata",
        "scores",
        "model_usage",
        "started_at",
        "completed_at",
        "uuid",
    )
    summaries = [{**{key: one[key] for key in short}, "completed": True} for one in done]
    members = [
        ("_journal/start.json", start),
        *((f"samples/{one['id']}_epoch_1.json", one) for one in done),
        ("summaries.json", summaries),
        ("reductions.json", []),
        ("header.json", header),
    ]
    return write_zip(path, [(name, json.dumps(value).encode()) for name, value in members])


def fresh_log(path: Path, *, model: str = "solve-90", samples: int = 60) -> Path:
    """`make_log` against a stub server of its own."""
    with StubModel() as server:
        return make_log(path, url=server.url, model=model, samples=samples)
