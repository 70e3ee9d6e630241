"""An agent with the official openai package and Steno's Python SDK: a request, in it the agent, a call to the model, a tool, and
a second call. Run `./dev up` beside it; the tree is what `steno calls tree` and the page then show.

    steno sim &                                                                           # a simulated provider, which wants no key
    OPENAI_BASE_URL=http://127.0.0.1:9000/openai/v1 OPENAI_API_KEY=any python agent.py
"""

import openai
import steno

steno.instrument()
client = openai.OpenAI()


def ask(prompt: str) -> str:
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": prompt}])
    return answer.choices[0].message.content or ""


@steno.function("taskOperations", operation="create")
def create_task(title: str) -> dict:
    return {"title": title, "done": False}


@steno.agent("calendar")
def answer(question: str) -> str:
    task = create_task(ask(f"Which task follows from this? {question}"))
    return ask(f"Say in one sentence that this was noted: {task['title']}")


with steno.session("example", user="ada"), steno.request() as request:
    print(answer("Can we meet on Friday at ten?"))
print(request.request())
steno.flush()
