"""The C++ tracker (src/python)."""

from contextvars import Token
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Type, TypeVar

C = TypeVar("C", bound="Call")

class Context:
    def with_session(self, id: str, /) -> Context: ...
    def with_request(self, id: str, /) -> Context: ...
    def with_user(self, id: str, /) -> Context: ...
    def with_agent(self, name: str, /) -> Context: ...
    def with_project(self, name: str, /) -> Context: ...
    def with_environment(self, name: str, /) -> Context: ...
    def with_tag(self, tag: str, /) -> Context: ...
    def with_traceparent(self, header: str, /) -> Context: ...
    def with_function(self, name: str, operation: str, /) -> Context: ...
    def with_attribute(self, name: str, value: object, /) -> Context: ...
    def with_rendered_prompt(self, prompt: RenderedPrompt, /) -> Context: ...
    def with_prompt(self, type: str, name: str, version: str, text: str, variables: Dict[str, Any], /) -> Context: ...
    def traceparent(self) -> str: ...
    def session(self) -> str: ...
    def request(self) -> str: ...
    def user(self) -> str: ...
    def agent(self) -> str: ...

class Call:
    """A call that is open, or was. Each method says something of it and gives it back."""

    def __new__(cls: Type[C], kind: str, name: str, /) -> C: ...
    @property
    def id(self) -> str:
        """As the API and `steno calls show` know it; empty while nothing is recorded."""
    @property
    def recorded(self) -> bool:
        """Would what is said be recorded: tracking is on, and the call has not ended."""
    def provider(self: C, name: str, /) -> C: ...
    def model(self: C, requested: str, /) -> C: ...
    def served_model(self: C, name: str, /) -> C: ...
    def parameters(self: C, values: Mapping[str, object] = ..., /, **named: object) -> C:
        """temperature, max_tokens and such."""
    def system(self: C, text: str, /) -> C: ...
    def message(self: C, role: str, text: str, /) -> C: ...
    def messages(self: C, messages: object, /) -> C:
        """Dictionaries with role and content, as OpenAI's and Anthropic's clients take them."""
    def tools(self: C, tools: object, /) -> C: ...
    def input(self: C, value: object, /) -> C:
        """For functions, agents, retrieval: what went in."""
    def output(self: C, text: str, /) -> C: ...
    def output_piece(self: C, text: str, /) -> C:
        """The next piece of a stream; the first one marks the time to first token."""
    def tool_call(self: C, id: str, name: str, arguments: object, /) -> C: ...
    def finish_reason(self: C, reason: str, /) -> C: ...
    def result(self: C, value: object, /) -> C:
        """For functions, agents, retrieval: what came out."""
    def structured(self: C, value: object, /) -> C:
        """The answer as structured data."""
    def usage(
        self: C,
        input_tokens: Optional[int] = None,
        output_tokens: Optional[int] = None,
        cache_read_tokens: Optional[int] = None,
        cache_write_tokens: Optional[int] = None,
        reasoning_tokens: Optional[int] = None,
    ) -> C:
        """As the provider reported it. Input has cached tokens in it, output reasoning; absent is not zero."""
    def cost(self: C, amount: object, currency: str = "USD", /) -> C:
        """What the provider said that it cost: a decimal number, better a string than a float."""
    def provider_request_id(self: C, id: str, /) -> C: ...
    def http_status(self: C, status: int, /) -> C: ...
    def retry(self: C, nth: int, /) -> C: ...
    def tag(self: C, tag: str, /) -> C: ...
    def attribute(self: C, name: str, value: object, /) -> C: ...
    def metadata(self: C, value: object, /) -> C: ...
    def level(self: C, log_level: str, /) -> C:
        """Only for this call: detailed, summary, metrics-only or off."""
    def fail(
        self: C, message: str, why: Optional[str] = None, kind: Optional[str] = None, stack: Optional[str] = None, /
    ) -> C:
        """It failed. `why` is one of the record's error types ("rate_limit", "timeout", …)."""
    def partial(self: C) -> C: ...
    def cancelled(self: C) -> C: ...
    def context(self) -> Context:
        """For calls below this one."""
    def end(self) -> None: ...
    def _piece(self: C, value: object, /) -> C: ...
    def _done(self, result: object, structured: bool, /) -> None: ...
    def _failed(self, error: BaseException, /) -> None: ...
    @property
    def _has_exchange(self) -> bool:
        """Requests to a provider were made within it, and are recorded."""
    def _lasted(self: C, milliseconds: float, /) -> C:
        """It is over, and is told afterwards."""
    def _rated(self: C, name: str, value: Optional[float], least: float, most: float, comment: Optional[str], /) -> C: ...
    def _enter(self: C) -> C: ...
    def _enter_until_end(self: C) -> C:
        """Current here and in whatever takes this context over, until it ends, wherever that is."""
    def _leave(self: C) -> C: ...

class Tracked:
    def __new__(
        cls,
        kind: str,
        name: str,
        *,
        provider: str = "",
        model: str = "",
        input_type: str = "",
        output_type: str = "",
        log_level: str = "detailed",
        session: str = "",
        user: str = "",
        operation: str = "",
        tags: Tuple[str, ...] = (),
        metadata: object = None,
        parameters: Tuple[str, ...] = (),
        skipped: int = 0,
    ) -> Tracked: ...
    def __getnewargs_ex__(self) -> Tuple[Tuple[str, str], Dict[str, Any]]: ...
    def begin(self, args: Tuple[Any, ...], kwargs: Optional[Dict[str, Any]], current: bool, /) -> Optional[Call]: ...

class PromptError(Exception):
    """There is no prompt to be had."""

class PromptNotFound(PromptError):
    """The server does not know it."""

class Prompt:
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str:
        """Empty of a fallback."""
    @property
    def labels(self) -> List[str]: ...
    @property
    def goal(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def temperature(self) -> Optional[float]: ...
    @property
    def top_p(self) -> Optional[float]: ...
    @property
    def top_k(self) -> Optional[int]: ...
    @property
    def token_limit(self) -> Optional[int]: ...
    @property
    def experiment(self) -> str:
        """The name of the experiment by which this version was chosen; empty: by none."""
    @property
    def variant(self) -> str:
        """Of that experiment."""
    @property
    def source(self) -> str:
        """server, file (of a process before, while the server cannot be asked) or fallback."""
    @property
    def error(self) -> str:
        """Why it may not be what the server has now; empty: it is."""
    @property
    def _text(self) -> str: ...
    @property
    def _messages(self) -> List[Dict[str, str]]: ...
    @property
    def _parameters(self) -> str: ...
    @property
    def _tools(self) -> str: ...
    @property
    def _response_schema(self) -> str: ...
    def _render_json(self, variables: str, /) -> RenderedPrompt: ...

P = TypeVar("P", bound=Prompt)

class RenderedPrompt:
    """A prompt with its variables filled in."""

    @property
    def text(self) -> str:
        """Empty of a chat prompt."""
    @property
    def messages(self) -> List[Dict[str, str]]:
        """Of a text prompt one of the user's."""
    @property
    def missing(self) -> List[str]:
        """Asked for, without a value and without a default: they are empty in the text."""
    @property
    def unused(self) -> List[str]:
        """Given, and asked for nowhere."""

def get_prompt(
    type: Type[P],
    name: str,
    label: str,
    version: str,
    max_age: float,
    patience: float,
    fallback: Optional[str],
    unit: Optional[str],
    /,
) -> P: ...
def ask_server(path: str, patience: float, /) -> bytes: ...
def note_failures_with(function: Callable[[Call, BaseException], None], /) -> None: ...
def current_context() -> Context: ...
def current_call() -> Optional[Call]: ...
def enter(context: Context, /) -> Optional[Token[object]]: ...
def leave(token: Optional[Token[object]], /) -> None: ...
def end_request(context: Context, /) -> None: ...
def start(
    *,
    server: str = "",
    data_folder: str = "",
    api_key: str = "",
    project: str = "",
    environment: str = "",
    release: str = "",
    log_level: str = "detailed",
    level_by_prompt_type: Optional[Dict[str, str]] = None,
    max_text_bytes: int = 0,
    interval: float = 0.1,
    max_memory_bytes: int = ...,
    spool_folder: str = "",
    max_spool_bytes: int = ...,
    durable: bool = False,
    exit_patience: float = 2.0,
    print_summary: bool = False,
) -> None: ...
def stop(patience: float, /) -> None: ...
def flush(patience: float, /) -> bool: ...
def status() -> Tuple[bool, int, int, int, int, int, int, str]: ...

class Exchange:
    """One request to a provider and its answer. One of `end`, `close` and `fail` ends it."""

    def response(self, status: int, headers: object, /) -> None: ...
    def feed(self, data: bytes, /) -> None:
        """The next bytes of the body, as they came over the wire."""
    def end(self) -> None: ...
    def close(self) -> None: ...
    def fail(self, kind: Optional[str], message: str, /) -> None: ...

def server() -> str:
    """Where calls are delivered to, or would be if their level were not off; empty while none are."""

def relay_headers() -> List[Tuple[str, str]]:
    """x-steno-…: what the gateway is to know of the current context."""

def relayed(status: int, /) -> None:
    """The gateway has answered a request that was made here, and records it; 0: no answer came; -1: it broke off."""

def is_providers_own(host: str) -> bool: ...
def begin_exchange(
    method: object,
    host: str,
    target: object,
    headers: object,
    body: Optional[bytes],
    upstream: Optional[str],
    base: int,
    /,
) -> Optional[Exchange]: ...
