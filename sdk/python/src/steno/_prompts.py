"""Prompts of the registry: fetched by name, filled in here, and said of the calls that are made with them."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Type, TypeVar, Union
from urllib.parse import quote, urlencode

from . import _core
from ._context import scope, within
from ._scope import Scope

F = TypeVar("F", bound=Callable[..., Any])

class use(Scope[_core.RenderedPrompt]):
    """Calls within carry the prompt: its name and version, the variables, and those that are missing. `with` gives it; a
    function decorated with it runs within it."""

    def __init__(self, prompt: _core.RenderedPrompt) -> None:
        self._prompt = prompt
        self._scope = scope(lambda context: context.with_rendered_prompt(prompt))

    def __enter__(self) -> _core.RenderedPrompt:
        self._scope.__enter__()
        return self._prompt

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self._scope.__exit__(kind, error, traceback)

    def __call__(self, function: F) -> F:
        return self._scope(function)


class Prompt(_core.Prompt):
    """A version of a prompt, as the server has it."""

    __slots__ = ()

    def render(self, variables: Optional[Mapping[str, object]] = None, /, **named: object) -> _core.RenderedPrompt:
        """Fills in the variables, by the rules of the registry (docs/prompts.md). What is no text, number, list or
        dictionary is its str(). ValueError: a value is not of the type that its variable was declared with."""
        return self._render_json(json.dumps({**(variables or {}), **named}, allow_nan=False, default=str))

    def messages(self, variables: Optional[Mapping[str, object]] = None, /, **named: object) -> List[Dict[str, str]]:
        """Filled in, as the providers' clients take them; of a text prompt one message of the user's."""
        return self.render(variables, **named).messages

    def use(self, variables: Optional[Mapping[str, object]] = None, /, **named: object) -> use:
        """`with prompt.use(question="Why?") as filled:` calls within carry the prompt, `filled` is what `render` gives."""
        return use(self.render(variables, **named))

    @property
    def template(self) -> Union[str, List[Dict[str, str]]]:
        """As it was written: a text, or messages."""
        return self._text or self._messages

    @property
    def parameters(self) -> Dict[str, Any]:
        """Others of the model than those that have a name here."""
        return dict(json.loads(self._parameters or "{}"))

    @property
    def tools(self) -> List[Any]:
        return list(json.loads(self._tools or "[]"))

    @property
    def response_schema(self) -> Optional[Dict[str, Any]]:
        return dict(json.loads(self._response_schema)) if self._response_schema else None

    def __repr__(self) -> str:
        return f"<steno.Prompt {self.name!r} {self.version or self.source}>"


def get_prompt(
    name: str,
    *,
    label: str = "",
    version: str = "",
    max_age: float = 60.0,
    patience: float = 2.0,
    fallback: Optional[str] = None,
    unit: Optional[str] = None,
) -> Prompt:
    """The version of a prompt to be used now: where the label stands, or that version; of neither, `production`, and where
    that stands nowhere the latest. From memory for `max_age` seconds after the server was asked, and while it is asked
    again (0: it is waited for each time), and on while it is away; also the last one of a process before. Waits for
    `patience` seconds at most.

    Where an experiment runs for the prompt, it is the variant of `unit`: of the user, session or request, as the experiment
    divides; without `unit` of the current one. `variant` tells which, and calls made with the prompt carry it. Who asks for a
    version by its number gets that one.

    Where there is none: `fallback`, a template; without that PromptNotFound, or PromptError if the server cannot be
    asked."""
    return _core.get_prompt(Prompt, name, label, version, max_age, patience, fallback, unit)


class PerformanceMetrics(NamedTuple):
    """How one execution of a prompt did."""

    execution_time_ms: Optional[float] = None
    token_count: Optional[int] = None  # of the answer
    output_length: Optional[int] = None  # characters; counted, where the output is given
    success: bool = True
    quality_score: Optional[float] = None  # 1 to 10
    user_feedback: Optional[str] = None


def _check(name: str, value: Optional[float], least: float, most: float) -> None:
    if value is not None and not least <= float(value) <= most:  # nor NaN
        raise ValueError(f"{name}: {value!r} is not from {least:g} to {most:g}")


def log_execution(
    prompt_name: str,
    prompt_version: str,
    output: str = "",
    metrics: PerformanceMetrics = PerformanceMetrics(),
    input_data: Optional[Mapping[str, object]] = None,
    *,
    model: str = "",
    provider: str = "",
) -> None:
    """Records an execution of a prompt that nothing has recorded: an AI call that ended now, with `input_data` as the
    variables of the prompt and the quality as the score `quality` (from 1 to 10). ValueError, and no record: a figure that
    cannot be, or no name."""
    if not prompt_name:
        raise ValueError("an execution is of a prompt: prompt_name")
    _check("execution_time_ms", metrics.execution_time_ms, 0, 366 * 86_400_000)
    _check("token_count", metrics.token_count, 0, 1e12)
    _check("output_length", metrics.output_length, 0, 1e12)
    _check("quality_score", metrics.quality_score, 1, 10)
    given: Dict[str, Any] = dict(input_data or {})
    context = _core.current_context().with_prompt("", prompt_name, prompt_version, "", given)
    with within(context):
        call = _core.Call("chat", model or prompt_name)
    if provider:
        call.provider(provider)
    if model:
        call.model(model)
    if metrics.execution_time_ms is not None:
        call._lasted(metrics.execution_time_ms)
    if metrics.token_count is not None:
        call.usage(output_tokens=metrics.token_count)
    if output:
        call.output(output)
    elif metrics.output_length is not None:
        call.attribute("output_length", metrics.output_length)
    if not metrics.success:
        call.fail("the program says that it failed")
    call._rated("quality", metrics.quality_score, 1.0, 10.0, metrics.user_feedback)
    call.end()


def get_performance_summary(prompt_name: str, version: Optional[str] = None, days: int = 30) -> Dict[str, Any]:
    """How the calls of a prompt did in the last days, as the server has it now: what docs/prompt-performance.md lists,
    `success_rate` from 0 to 1, and `versions`, each likewise. What no call says is None. PromptNotFound: neither the
    registry nor a call has that name."""
    query = {"period": f"{int(days)}d", **({"version": version, "by": "model.requested"} if version else {})}
    path = f"/api/v1/prompts/{quote(prompt_name, safe='')}/performance?{urlencode(query)}"
    answer = json.loads(_core.ask_server(path, 30.0))
    groups = "models" if version else "versions"
    return {"name": answer["name"], "period": answer["period"], **answer["all"], groups: answer["groups"]}
