"""LangChain with Anthropic."""

from langchain_anthropic import ChatAnthropic
from langchain_journey import langchain_journey

langchain_journey(lambda model: ChatAnthropic(model=model, max_retries=0, max_tokens=1024))
