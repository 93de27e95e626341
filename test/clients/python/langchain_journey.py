"""One journey for every chat model of LangChain."""

from journey import CITY_PROMPT, PROMPT, WEATHER_PROMPT, travel
from journey import weather as ask_weather
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel


class City(BaseModel):
    city: str


@tool
def weather(city: str) -> str:
    """Weather of a city"""
    return ask_weather(city)


def langchain_journey(model_of):
    def plain(name):
        return model_of(name).invoke(PROMPT).text

    def streamed(name):
        return "".join(chunk.text for chunk in model_of(name).stream(PROMPT))

    def tools(name):
        model = model_of(name).bind_tools([weather])
        asked = HumanMessage(WEATHER_PROMPT)
        called = model.invoke([asked])
        results = [
            ToolMessage(tool_call_id=call["id"], content=weather.invoke(call["args"])) for call in called.tool_calls
        ]
        return model.invoke([asked, called, *results]).text

    def structured(name):
        return model_of(name).with_structured_output(City).invoke(CITY_PROMPT).model_dump()

    travel({"plain": plain, "streamed": streamed, "tools": tools, "structured": structured})
