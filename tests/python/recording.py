"""Records calls, from several threads, and prints the id of each once it has ended (tests/support/deaths.py)."""

import itertools
import sys
import threading

import steno

count = int(sys.argv[1])
steno.start(durable="durable" in sys.argv, interval=0.005)
numbers = itertools.count()
printing = threading.Lock()


@steno.ai_call_tracker(provider="openai", model="gpt-4o-mini")
def ask(question, number, ids):
    call = steno.current_call().usage(input_tokens=number, output_tokens=1)
    ids.append(call.id)
    return "answer"


def work():
    ids = []
    while (number := next(numbers)) < count:
        ask(f"question {number}", number, ids)
        with printing:
            print(ids.pop(), flush=True)


threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("all", flush=True)
sys.stdin.readline()
delivered = steno.flush(120)
print("delivered", delivered, steno.status())
sys.exit(0 if delivered and steno.status().dropped == 0 and steno.status().rejected == 0 else 1)
