"""A callback handler for LangChain and LangGraph: each model call, tool, retriever, chain and agent is a call of one tree.

    from steno.langchain import StenoCallbackHandler
    chain.invoke(question, config={"callbacks": [StenoCallbackHandler()]})

It hangs where the tree is at the moment: below `steno.agent(...)`, in the request, session and prompt of the current context.
Without a request, each run from outside opens one. One handler serves any number of runs, threads and tasks. With
`steno.instrument()`, the model's HTTP call and LangChain's run of it are one record.
"""

from __future__ import annotations

import contextvars
import functools
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple, TypeVar, cast
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage

from . import _core

__all__ = ["StenoCallbackHandler"]

F = TypeVar("F", bound=Callable[..., Any])

# As the gateway names them, where LangChain has another name (its metadata's ls_provider).
_PROVIDERS = {
    "amazon_bedrock": "aws.bedrock",
    "azure": "azure.ai.openai",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "together": "together_ai",
    "xai": "x_ai",
}
_ROLES = {"human": "user", "ai": "assistant"}
_FINISH = ("finish_reason", "stop_reason", "done_reason")
_SESSIONS = ("session_id", "thread_id", "conversation_id")
# LangChain's own, among what its users say.
_OWN_TAGS = ("seq:", "map:", "graph:", "branch:", "condition:", "langsmith:")
_OWN_METADATA = ("ls_", "lc_", "langgraph_", "checkpoint_", "__")
_HIDDEN = "langsmith:hidden"


class _Place(NamedTuple):
    """Where a run from outside began."""

    name: str
    context: _core.Context
    is_within: bool  # a call that is open


class _Run:
    __slots__ = ("call", "path", "place", "is_shown", "has_children", "request")

    def __init__(
        self,
        call: _core.Call,
        path: Tuple[UUID, ...],
        place: Optional[_Place],
        is_shown: bool,
        request: Optional[_core.Context] = None,
    ) -> None:
        self.call = call
        self.path = path  # of the runs around it, and its own
        self.place = place  # None for those that LangChain knows a parent of
        self.is_shown = is_shown
        self.has_children = False
        self.request = request  # the one that began with it

    def end(self) -> None:
        self.call.end()
        if self.request is not None:
            _core.end_request(self.request)


# The path of the run that this thread or task is in.
_path: contextvars.ContextVar[Tuple[UUID, ...]] = contextvars.ContextVar("steno_langchain_path", default=())


def _quiet(method: F) -> F:
    """LangChain logs what a handler raises; a record that is not whole is no news for its user."""

    @functools.wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        try:
            method(*args, **kwargs)
        except Exception:
            pass

    return cast(F, wrapper)


class StenoCallbackHandler(BaseCallbackHandler):
    run_inline = True  # in the order of things, and in the task of the run: nothing here waits

    def __init__(self) -> None:
        super().__init__()
        self._runs: Dict[UUID, _Run] = {}

    # Models

    @_quiet
    def on_chat_model_start(
        self,
        serialized: Optional[Dict[str, Any]],
        messages: List[List[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: Optional[UUID] = None,
        tags: Optional[List[str]] = None,
        metadata: Optional[Dict[str, Any]] = None,
        **kwargs: Any,
    ) -> None:
        call = self._begin("chat", serialized, run_id, parent_run_id, tags, metadata, kwargs)
        _note_model(call, metadata or {}, kwargs)
        for message in messages[0] if messages else ():
            call.message(*_said(message))

    @_quiet
    def on_llm_start(
        self,
        serialized: Optional[Dict[str, Any]],
        prompts: List[str],
        *,
        run_id: UUID,
        parent_run_id: Optional[UUID] = None,
        tags: Optional[List[str]] = None,
        metadata: Optional[Dict[str, Any]] = None,
        **kwargs: Any,
    ) -> None:
        call = self._begin("completion", serialized, run_id, parent_run_id, tags, metadata, kwargs)
        _note_model(call, metadata or {}, kwargs)
        for prompt in prompts:
            call.message("user", prompt)

    @_quiet
    def on_llm_new_token(self, token: Any, *, run_id: UUID, **kwargs: Any) -> None:
        run = self._runs.get(run_id)
        if run is not None and not run.call._has_exchange:
            text = token if isinstance(token, str) else _text_of(token)
            if text:
                run.call.output_piece(text)

    @_quiet
    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        def note(call: _core.Call) -> None:
            if not call._has_exchange:  # else the provider's own answer says all of it
                _note_answer(call, response)

        self._end(run_id, note)

    @_quiet
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._fail(run_id, error)

    # Chains, and what is made of them

    @_quiet
    def on_chain_start(
        self,
        serialized: Optional[Dict[str, Any]],
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: Optional[UUID] = None,
        tags: Optional[List[str]] = None,
        metadata: Optional[Dict[str, Any]] = None,
        **kwargs: Any,
    ) -> None:
        kind = "agent" if _is_agent(serialized, metadata or {}, kwargs) else "span"
        self._begin(kind, serialized, run_id, parent_run_id, tags, metadata, kwargs).input(inputs)

    @_quiet
    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id, lambda call: call.result(outputs))

    @_quiet
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._fail(run_id, error)

    @_quiet
    def on_tool_start(
        self,
        serialized: Optional[Dict[str, Any]],
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: Optional[UUID] = None,
        tags: Optional[List[str]] = None,
        metadata: Optional[Dict[str, Any]] = None,
        inputs: Optional[Dict[str, Any]] = None,
        **kwargs: Any,
    ) -> None:
        call = self._begin("function", serialized, run_id, parent_run_id, tags, metadata, kwargs)
        call.input(input_str if inputs is None else inputs)

    @_quiet
    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id, lambda call: call.result(output.content if isinstance(output, BaseMessage) else output))

    @_quiet
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._fail(run_id, error)

    @_quiet
    def on_retriever_start(
        self,
        serialized: Optional[Dict[str, Any]],
        query: str,
        *,
        run_id: UUID,
        parent_run_id: Optional[UUID] = None,
        tags: Optional[List[str]] = None,
        metadata: Optional[Dict[str, Any]] = None,
        **kwargs: Any,
    ) -> None:
        self._begin("retrieval", serialized, run_id, parent_run_id, tags, metadata, kwargs).input({"query": query})

    @_quiet
    def on_retriever_end(self, documents: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id, lambda call: call.result(documents))

    @_quiet
    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._fail(run_id, error)

    # A run's begin and end

    def _begin(
        self,
        kind: str,
        serialized: Optional[Dict[str, Any]],
        run_id: UUID,
        parent_run_id: Optional[UUID],
        tags: Optional[List[str]],
        metadata: Optional[Dict[str, Any]],
        more: Mapping[str, Any],
    ) -> _core.Call:
        name = _name_of(serialized, more)
        parent = self._runs.get(parent_run_id) if parent_run_id is not None else None
        here = next((run for run in map(self._runs.get, reversed(_path.get())) if run is not None), None)
        path: Tuple[UUID, ...] = (run_id,)
        place: Optional[_Place] = None
        request: Optional[_core.Context] = None
        if parent is None:
            place = _Place(name, _core.current_context(), _core.current_call() is not None)
            if here is not None and here.place is not None and here.place.name == name and not here.has_children:
                place = here.place  # a batch begins all its runs at once
            context = _from_outside(place, kind, metadata or {})
            request = context if context.request() != place.context.request() else None
        else:
            path, parent.has_children = (*parent.path, run_id), True
            if _HIDDEN in (tags or ()):
                self._runs[run_id] = _Run(parent.call, path, None, False)
                _path.set(path)
                return _core.Call("span", "").level("off")
            # A thread may not have been given its context, a step of a stream begins within the one before it.
            context = _core.current_context() if here is parent else parent.call.context()
        call = _begin_in(context, kind, name)
        for tag in tags or ():
            if not tag.startswith(_OWN_TAGS):
                call.tag(tag)
        said = {name: value for name, value in (metadata or {}).items() if not name.startswith(_OWN_METADATA)}
        if said:
            call.metadata(said)
        if call.recorded:
            self._runs[run_id] = _Run(call, path, place, True, request)
            call._enter_until_end()
            _path.set(path)
        return call

    def _end(self, run_id: UUID, note: Callable[[_core.Call], object]) -> None:
        run = self._runs.pop(run_id, None)
        if run is not None and run.is_shown:
            try:
                note(run.call)
            finally:
                run.end()

    def _fail(self, run_id: UUID, error: BaseException) -> None:
        run = self._runs.pop(run_id, None)
        if run is not None and run.is_shown:
            run.call._failed(error)
            run.end()


def _begin_in(context: _core.Context, kind: str, name: str) -> _core.Call:
    token = _core.enter(context)
    try:
        if kind in ("agent", "function"):  # calls within carry its name
            return _core.Tracked(kind, name).begin((), {}, False) or _core.Call("span", "").level("off")
        return _core.Call(kind, name)
    finally:
        _core.leave(token)


def _from_outside(place: _Place, kind: str, metadata: Mapping[str, Any]) -> _core.Context:
    context = place.context
    ids = {name: str(value) for name, value in metadata.items() if isinstance(value, (str, int, UUID))}
    session = next((ids[name] for name in _SESSIONS if ids.get(name)), "")
    if session and not context.session():
        context = context.with_session(session)
    if ids.get("user_id") and not context.user():
        context = context.with_user(ids["user_id"])
    if not context.request() and kind not in ("chat", "completion") and not place.is_within:
        context = context.with_request("")
    return context


def _name_of(serialized: Optional[Mapping[str, Any]], more: Mapping[str, Any]) -> str:
    known = serialized or {}
    return str(more.get("name") or known.get("name") or (known.get("id") or ["run"])[-1])


def _is_agent(serialized: Optional[Mapping[str, Any]], metadata: Mapping[str, Any], more: Mapping[str, Any]) -> bool:
    name = _name_of(serialized, more)
    if name == "AgentExecutor" or name == metadata.get("lc_agent_name"):
        return True
    return metadata.get("ls_integration") == "langchain_create_agent" and "langgraph_node" not in metadata


def _note_model(call: _core.Call, metadata: Mapping[str, Any], more: Mapping[str, Any]) -> None:
    provider = str(metadata.get("ls_provider") or "")
    if provider:
        call.provider(_PROVIDERS.get(provider, provider))
    asked = {name: value for name, value in (more.get("invocation_params") or {}).items() if value is not None}
    model = metadata.get("ls_model_name") or asked.get("model") or asked.get("model_name")
    if model:
        call.model(str(model))
    tools = asked.pop("tools", None)
    if tools:
        call.tools(tools)
    for name in ("model", "model_name", "_type", "stream"):
        asked.pop(name, None)
    if asked:
        call.parameters(asked)


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else [content]
    return "".join(block if isinstance(block, str) else str(block.get("text") or "") for block in blocks if isinstance(block, (str, dict)))


def _said(message: BaseMessage) -> Tuple[str, Any]:
    role = getattr(message, "role", None) or _ROLES.get(message.type, message.type)
    calls = getattr(message, "tool_calls", None)
    if calls:
        return role, {"content": message.content, "tool_calls": calls}
    text = _text_of(message.content)
    return role, text if text else message.content


def _note_answer(call: _core.Call, response: Any) -> None:
    answers = [answer for choices in response.generations for answer in choices]
    if not answers:
        return
    message = getattr(answers[0], "message", None)
    call.output(answers[0].text or _text_of(getattr(message, "content", "")))
    for asked in getattr(message, "tool_calls", None) or ():
        call.tool_call(asked.get("id") or "", asked["name"], asked["args"])
    told = {**(response.llm_output or {}), **(answers[0].generation_info or {}), **(getattr(message, "response_metadata", None) or {})}
    reason = next((told[name] for name in _FINISH if told.get(name)), None)
    if reason is not None:
        call.finish_reason(str(reason))
    if told.get("model_name"):
        call.served_model(str(told["model_name"]))
    usage = getattr(message, "usage_metadata", None)
    if usage:
        read, wrote = usage.get("input_token_details") or {}, usage.get("output_token_details") or {}
        call.usage(
            usage.get("input_tokens"),
            usage.get("output_tokens"),
            read.get("cache_read"),
            read.get("cache_creation"),
            wrote.get("reasoning"),
        )
    elif isinstance(told.get("token_usage"), dict):
        call.usage(told["token_usage"].get("prompt_tokens"), told["token_usage"].get("completion_tokens"))
