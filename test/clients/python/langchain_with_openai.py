"""LangChain with OpenAI."""

from langchain_journey import langchain_journey
from langchain_openai import ChatOpenAI

langchain_journey(lambda model: ChatOpenAI(model=model, max_retries=0))
