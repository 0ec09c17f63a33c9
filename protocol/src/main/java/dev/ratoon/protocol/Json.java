package dev.ratoon.protocol;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import java.util.List;
import java.util.function.Function;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.EnumNamingStrategies;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;

/**
 * How Ratoon's types stand in JSON: ids, names and networks as the strings that users write, enum
 * constants in {@code kebab-case}, instants as ISO 8601, absent values left out, absent lists empty
 * and unknown fields ignored so that older and newer versions can talk.
 */
public final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enumNamingStrategy(EnumNamingStrategies.KEBAB_CASE)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .disable(DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS)
          .disable(DateTimeFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
          .changeDefaultPropertyInclusion(i -> i.withValueInclusion(JsonInclude.Include.NON_ABSENT))
          .withConfigOverride(
              List.class,
              list -> list.setNullHandling(JsonSetter.Value.forValueNulls(Nulls.AS_EMPTY)))
          .addModule(words())
          .build();

  private Json() {}

  /** The one mapper; safe for any number of threads. */
  public static JsonMapper mapper() {
    return MAPPER;
  }

  public static String write(Object value) {
    return MAPPER.writeValueAsString(value);
  }

  public static <T> T read(String json, Class<T> type) {
    return MAPPER.readValue(json, type);
  }

  private static SimpleModule words() {
    SimpleModule module = new SimpleModule("ratoon");
    asText(module, DiskId.class, DiskId::hex, DiskId::new);
    asText(module, VmId.class, VmId::toString, VmId::parse);
    asText(module, HostId.class, HostId::toString, HostId::parse);
    asText(module, OperationId.class, OperationId::toString, OperationId::parse);
    asText(module, EntityName.class, EntityName::text, EntityName::new);
    asText(module, ImageRef.class, ImageRef::toString, ImageRef::parse);
    asText(module, NetworkAttachment.class, NetworkAttachment::show, NetworkAttachment::parse);
    asText(
        module,
        ErrorCode.class,
        ErrorCode::code,
        code -> ErrorCode.find(code).orElse(ErrorCode.INTERNAL));
    return module;
  }

  private static <T> void asText(
      SimpleModule module, Class<T> type, Function<T, String> show, Function<String, T> parse) {
    module.addSerializer(type, new TextSerializer<>(show));
    module.addDeserializer(type, new TextDeserializer<>(type, parse));
  }

  private static final class TextSerializer<T> extends ValueSerializer<T> {
    private final Function<T, String> show;

    TextSerializer(Function<T, String> show) {
      this.show = show;
    }

    @Override
    public void serialize(T value, JsonGenerator out, SerializationContext context) {
      out.writeString(show.apply(value));
    }
  }

  private static final class TextDeserializer<T> extends ValueDeserializer<T> {
    private final Class<T> type;
    private final Function<String, T> parse;

    TextDeserializer(Class<T> type, Function<String, T> parse) {
      this.type = type;
      this.parse = parse;
    }

    @Override
    public T deserialize(JsonParser in, DeserializationContext context) {
      String text = in.getValueAsString();
      if (text == null) {
        return type.cast(context.handleUnexpectedToken(context.constructType(type), in));
      }
      try {
        return parse.apply(text);
      } catch (RatoonException invalid) {
        throw context.weirdStringException(text, type, invalid.problem().next());
      }
    }
  }
}
