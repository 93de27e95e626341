package clients;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonTypeName;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** What every app does with its client, and how it says what came of it: as apps/journey.ts, one JSON line per model. */
public final class Main {
  static final String PROMPT = "Say hello.";
  static final String WEATHER_PROMPT = "How is the weather in Rom?";
  static final String CITY_PROMPT = "Where is the Colosseum?";

  /** The clients make the schema of it. */
  public static final class City {
    public String city;
  }

  /** A tool by the name and the fields of its class. */
  @JsonTypeName("weather")
  @JsonClassDescription("Weather of a city")
  public static final class Weather {
    @JsonProperty public String city;

    String run() {
      return "sun in " + city;
    }
  }

  interface Journey {
    String plain(String model);

    String streamed(String model);

    String tools(String model);

    City structured(String model);
  }

  /** A service may have no objects by schema: what the client says of that is a result too. */
  private static Object objectOf(Journey journey, String model) {
    try {
      return journey.structured(model);
    } catch (RuntimeException error) {
      return Map.of("refused", String.valueOf(error.getMessage()));
    }
  }

  private static Journey open(String app) {
    return switch (app) {
      case "openai-chat" -> new OpenAiChat();
      case "openai-responses" -> new OpenAiResponses();
      case "anthropic" -> new AnthropicMessages();
      default -> throw new IllegalArgumentException("no app " + app);
    };
  }

  /** The app, then the models. */
  public static void main(String[] args) throws Exception {
    var json = new ObjectMapper();
    var journey = open(args[0]);
    for (var model : Arrays.asList(args).subList(1, args.length)) {
      var result = new LinkedHashMap<String, Object>();
      result.put("plain", journey.plain(model));
      result.put("streamed", journey.streamed(model));
      result.put("tools", journey.tools(model));
      result.put("structured", objectOf(journey, model));
      System.out.println(json.writeValueAsString(result));
    }
    // The clients keep threads that would hold the process for a minute.
    System.exit(0);
  }
}
