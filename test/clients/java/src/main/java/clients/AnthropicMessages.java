package clients;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.JsonValue;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.ContentBlockParam;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.TextBlock;
import com.anthropic.models.messages.Tool;
import com.anthropic.models.messages.ToolResultBlockParam;
import com.anthropic.models.messages.ToolUseBlock;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

final class AnthropicMessages implements Main.Journey {
  private static final Tool WEATHER = Tool.builder()
      .name("weather")
      .inputSchema(Tool.InputSchema.builder()
          .properties(JsonValue.from(Map.of("city", Map.of("type", "string"))))
          .required(List.of("city"))
          .build())
      .build();

  private final AnthropicClient client = AnthropicOkHttpClient.builder().fromEnv().maxRetries(0).build();

  private static MessageCreateParams.Builder asking(String model, String prompt) {
    return MessageCreateParams.builder().model(model).maxTokens(1024).addUserMessage(prompt);
  }

  private static String textOf(Message message) {
    return message.content().stream()
        .flatMap(block -> block.text().stream())
        .map(TextBlock::text)
        .collect(Collectors.joining());
  }

  @Override
  public String plain(String model) {
    return textOf(client.messages().create(asking(model, Main.PROMPT).build()));
  }

  @Override
  public String streamed(String model) {
    var whole = MessageAccumulator.create();
    try (var stream = client.messages().createStreaming(asking(model, Main.PROMPT).build())) {
      stream.stream().forEach(whole::accumulate);
    }
    return textOf(whole.message());
  }

  @Override
  public String tools(String model) {
    var params = asking(model, Main.WEATHER_PROMPT).addTool(WEATHER);
    var called = client.messages().create(params.build());
    var results = called.content().stream()
        .flatMap(block -> block.toolUse().stream())
        .map(AnthropicMessages::resultOf)
        .toList();
    params.addMessage(called).addUserMessageOfContentBlockParams(results);
    return textOf(client.messages().create(params.build()));
  }

  private static ContentBlockParam resultOf(ToolUseBlock call) {
    var result = call._input().convert(Main.Weather.class).run();
    return ContentBlockParam.ofToolResult(
        ToolResultBlockParam.builder().toolUseId(call.id()).content(result).build());
  }

  @Override
  public Main.City structured(String model) {
    var params = asking(model, Main.CITY_PROMPT).outputConfig(Main.City.class).build();
    return client.messages().create(params).content().stream()
        .flatMap(block -> block.text().stream())
        .findFirst()
        .orElseThrow()
        .text();
  }
}
