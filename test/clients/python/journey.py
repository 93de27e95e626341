"""What every app does with its client, and how it says what came of it: as `apps/journey.ts`, one JSON line per model."""

import json
import sys

PROMPT = "Say hello."
WEATHER_PROMPT = "How is the weather in Rom?"
CITY_PROMPT = "Where is the Colosseum?"
CITY_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


def weather(city):
    return f"sun in {city}"


def attempt(step, model):
    """A service may have no objects by schema: what the client says of that is a result too."""
    try:
        return step(model)
    except Exception as error:
        return {"refused": str(error)}


def travel(steps, embedded=None):
    """Steps are functions of a model, by name. The first model has embeddings too, the others have not."""
    for index, model in enumerate(sys.argv[1:]):
        result = {
            name: attempt(step, model) if name == "structured" else step(model) for name, step in steps.items()
        }
        if embedded and index == 0:
            result["embedded"] = embedded(model)
        print(json.dumps(result), flush=True)
