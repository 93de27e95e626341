"""OpenAI Agents, which speaks Responses through OpenAI's own client."""

import asyncio

from agents import Agent, Runner, function_tool, set_tracing_disabled
from journey import CITY_PROMPT, PROMPT, WEATHER_PROMPT, travel
from journey import weather as ask_weather
from pydantic import BaseModel

set_tracing_disabled(True)
# Its connections belong to one loop.
run = asyncio.Runner().run


class City(BaseModel):
    city: str


@function_tool
def weather(city: str) -> str:
    """Weather of a city"""
    return ask_weather(city)


def agent(model, **more):
    return Agent(name="app", model=model, **more)


def plain(model):
    return run(Runner.run(agent(model), PROMPT)).final_output


def streamed(model):
    async def read():
        running = Runner.run_streamed(agent(model), PROMPT)
        events = [event.data async for event in running.stream_events() if event.type == "raw_response_event"]
        return "".join(data.delta for data in events if data.type == "response.output_text.delta")

    return run(read())


def tools(model):
    return run(Runner.run(agent(model, tools=[weather]), WEATHER_PROMPT)).final_output


def structured(model):
    return run(Runner.run(agent(model, output_type=City), CITY_PROMPT)).final_output.model_dump()


travel({"plain": plain, "streamed": streamed, "tools": tools, "structured": structured})
