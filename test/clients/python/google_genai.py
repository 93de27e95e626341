"""Google's official client: for the Gemini API, or for Vertex AI where the environment says so."""

import json

from google import genai
from google.genai import types
from journey import CITY_PROMPT, CITY_SCHEMA, PROMPT, WEATHER_PROMPT, travel, weather

client = genai.Client()
offered = types.Tool(
    function_declarations=[types.FunctionDeclaration(name="weather", parameters_json_schema=CITY_SCHEMA)]
)
config = types.GenerateContentConfig(
    tools=[offered], automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True)
)


def plain(model):
    return client.models.generate_content(model=model, contents=PROMPT).text


def streamed(model):
    chunks = client.models.generate_content_stream(model=model, contents=PROMPT)
    return "".join(chunk.text or "" for chunk in chunks)


def tools(model):
    asked = types.Content(role="user", parts=[types.Part(text=WEATHER_PROMPT)])
    called = client.models.generate_content(model=model, contents=[asked], config=config)
    results = [
        types.Part(
            function_response=types.FunctionResponse(
                id=call.id, name=call.name, response={"output": weather(**call.args)}
            )
        )
        for call in called.function_calls
    ]
    contents = [asked, called.candidates[0].content, types.Content(role="user", parts=results)]
    return client.models.generate_content(model=model, contents=contents, config=config).text


def structured(model):
    schema = {"response_mime_type": "application/json", "response_json_schema": CITY_SCHEMA}
    return json.loads(client.models.generate_content(model=model, contents=CITY_PROMPT, config=schema).text)


travel({"plain": plain, "streamed": streamed, "tools": tools, "structured": structured})
