package clients;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.responses.EasyInputMessage;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseInputItem;
import com.openai.models.responses.ResponseOutputText;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

final class OpenAiResponses implements Main.Journey {
  private final OpenAIClient client = OpenAIOkHttpClient.builder().fromEnv().maxRetries(0).build();

  private static ResponseCreateParams.Builder asking(String model, String prompt) {
    return ResponseCreateParams.builder().model(model).input(prompt);
  }

  private static String textOf(Response answer) {
    return answer.output().stream()
        .flatMap(item -> item.message().stream())
        .flatMap(message -> message.content().stream())
        .flatMap(content -> content.outputText().stream())
        .map(ResponseOutputText::text)
        .collect(Collectors.joining());
  }

  @Override
  public String plain(String model) {
    return textOf(client.responses().create(asking(model, Main.PROMPT).build()));
  }

  @Override
  public String streamed(String model) {
    try (var stream = client.responses().createStreaming(asking(model, Main.PROMPT).build())) {
      return stream.stream()
          .flatMap(event -> event.outputTextDelta().stream())
          .map(event -> event.delta())
          .collect(Collectors.joining());
    }
  }

  @Override
  public String tools(String model) {
    var asked = EasyInputMessage.builder().role(EasyInputMessage.Role.USER).content(Main.WEATHER_PROMPT).build();
    var input = new ArrayList<>(List.of(ResponseInputItem.ofEasyInputMessage(asked)));
    var params = ResponseCreateParams.builder().model(model).addTool(Main.Weather.class);
    var called = client.responses().create(params.inputOfResponse(input).build());
    for (var item : called.output())
      item.functionCall().ifPresent(call -> {
        var result = call.arguments(Main.Weather.class).run();
        var output = ResponseInputItem.FunctionCallOutput.builder().callId(call.callId()).output(result).build();
        input.add(ResponseInputItem.ofFunctionCall(call));
        input.add(ResponseInputItem.ofFunctionCallOutput(output));
      });
    return textOf(client.responses().create(params.inputOfResponse(input).build()));
  }

  @Override
  public Main.City structured(String model) {
    var params = asking(model, Main.CITY_PROMPT).text(Main.City.class).build();
    return client.responses().create(params).output().stream()
        .flatMap(item -> item.message().stream())
        .flatMap(message -> message.content().stream())
        .flatMap(content -> content.outputText().stream())
        .findFirst()
        .orElseThrow();
  }
}
