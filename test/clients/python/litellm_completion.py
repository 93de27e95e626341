"""LiteLLM, told by a prefix of the model which API it is to speak: `openai/` or `anthropic/`, as the environment of this app says."""

import json
import os

import litellm
from journey import CITY_PROMPT, CITY_SCHEMA, PROMPT, WEATHER_PROMPT, travel, weather
from litellm.llms.custom_httpx.http_handler import HTTPHandler

litellm.telemetry = False
# What it prints of errors would stand among the results.
litellm.suppress_debug_info = True
PREFIX = os.environ["LITELLM_API"]
FUNCTIONS = [
    {"type": "function", "function": {"name": "weather", "description": "Weather", "parameters": CITY_SCHEMA}}
]


def asking(model, messages, **more):
    return litellm.completion(model=f"{PREFIX}/{model}", messages=messages, max_retries=0, **more)


def user(prompt):
    return [{"role": "user", "content": prompt}]


def plain(model):
    return asking(model, user(PROMPT)).choices[0].message.content


def streamed(model):
    # LiteLLM never closes a stream of Anthropic's API. In the pool that all calls share, a hundred of them leave no connection, and the
    # garbage collector that closes one may wait for ever on a lock of its own thread: https://github.com/encode/httpcore/issues/996
    own = {"client": HTTPHandler()} if PREFIX == "anthropic" else {}
    chunks = asking(model, user(PROMPT), stream=True, **own)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def tools(model):
    messages = user(WEATHER_PROMPT)
    called = asking(model, messages, tools=FUNCTIONS).choices[0].message
    messages.append(called)
    for call in called.tool_calls:
        result = weather(**json.loads(call.function.arguments))
        messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    return asking(model, messages, tools=FUNCTIONS).choices[0].message.content


def structured(model):
    form = {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY_SCHEMA, "strict": True}}
    return json.loads(asking(model, user(CITY_PROMPT), response_format=form).choices[0].message.content)


travel({"plain": plain, "streamed": streamed, "tools": tools, "structured": structured})
