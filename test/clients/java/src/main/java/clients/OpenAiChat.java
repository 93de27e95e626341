package clients;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionMessage;
import com.openai.models.chat.completions.ChatCompletionMessageToolCall;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import java.util.List;

final class OpenAiChat implements Main.Journey {
  private final OpenAIClient client = OpenAIOkHttpClient.builder().fromEnv().maxRetries(0).build();

  private static ChatCompletionCreateParams.Builder asking(String model, String prompt) {
    return ChatCompletionCreateParams.builder().model(model).addUserMessage(prompt);
  }

  private ChatCompletionMessage ask(ChatCompletionCreateParams.Builder params) {
    return client.chat().completions().create(params.build()).choices().get(0).message();
  }

  @Override
  public String plain(String model) {
    return ask(asking(model, Main.PROMPT)).content().orElse("");
  }

  @Override
  public String streamed(String model) {
    var whole = ChatCompletionAccumulator.create();
    try (var stream = client.chat().completions().createStreaming(asking(model, Main.PROMPT).build())) {
      stream.stream().forEach(whole::accumulate);
    }
    return whole.chatCompletion().choices().get(0).message().content().orElse("");
  }

  @Override
  public String tools(String model) {
    var params = asking(model, Main.WEATHER_PROMPT).addTool(Main.Weather.class);
    var called = ask(params);
    params.addMessage(called);
    for (var call : called.toolCalls().orElse(List.of()))
      params.addMessage(resultOf(call));
    return ask(params).content().orElse("");
  }

  private static ChatCompletionToolMessageParam resultOf(ChatCompletionMessageToolCall call) {
    var function = call.asFunction();
    var result = function.function().arguments(Main.Weather.class).run();
    return ChatCompletionToolMessageParam.builder().toolCallId(function.id()).content(result).build();
  }

  @Override
  public Main.City structured(String model) {
    var params = asking(model, Main.CITY_PROMPT).responseFormat(Main.City.class).build();
    return client.chat().completions().create(params).choices().get(0).message().content().orElseThrow();
  }
}
