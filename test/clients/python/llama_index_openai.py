"""LlamaIndex with OpenAI: its class refuses names that are no model of OpenAI's, so the app takes what it says of one of these for all."""

from journey import PROMPT, WEATHER_PROMPT, travel, weather
from llama_index.core.llms import ChatMessage, LLMMetadata, MessageRole
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAI
from pydantic import BaseModel


class City(BaseModel):
    city: str



class AnyModel(OpenAI):
    @property
    def metadata(self):
        return LLMMetadata(context_window=128_000, is_chat_model=True, is_function_calling_model=True)


def model_of(name):
    return AnyModel(model=name, max_retries=0)


offered = FunctionTool.from_defaults(fn=lambda city: weather(city), name="weather", description="Weather", fn_schema=City)


def plain(name):
    return model_of(name).complete(PROMPT).text


def streamed(name):
    return "".join(chunk.delta or "" for chunk in model_of(name).stream_complete(PROMPT))


def ask_with_tools(llm, *turns):
    """It forbids parallel calls unless told otherwise, for which some services have no word."""
    return llm.chat_with_tools([offered], chat_history=list(turns), allow_parallel_tool_calls=True)


def tools(name):
    llm = model_of(name)
    asked = ChatMessage(role=MessageRole.USER, content=WEATHER_PROMPT)
    called = ask_with_tools(llm, asked)
    results = [
        ChatMessage(
            role=MessageRole.TOOL,
            content=weather(**call.tool_kwargs),
            additional_kwargs={"tool_call_id": call.tool_id},
        )
        for call in llm.get_tool_calls_from_response(called)
    ]
    return ask_with_tools(llm, asked, called.message, *results).message.content


travel({"plain": plain, "streamed": streamed, "tools": tools})
